import pytest

from shinso.cell import version
from shinso.compiler.runtime import affinity


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(affinity, "_chosen", None)


def test_variable_decides(monkeypatch):
    monkeypatch.setenv("SHINSO_NUM_THREADS", " 7 ")
    assert affinity.get_num_threads() == 7


@pytest.mark.parametrize("text", ["abc", "0", "-1", "1.5", "257", "²", "1e2"])
def test_nonsense_in_the_variable(monkeypatch, text):
    monkeypatch.setenv("SHINSO_NUM_THREADS", text)
    with pytest.raises(ValueError, match=r"SHINSO_NUM_THREADS is .*from 1 to 256"):
        affinity.get_num_threads()


@pytest.mark.parametrize("empty", ["", "  "])
def test_without_the_variable_it_is_what_we_may_use(monkeypatch, empty):
    monkeypatch.setenv("SHINSO_NUM_THREADS", empty)
    assert affinity.get_num_threads() == min(affinity.usable_cpus(), 256) >= 1


def test_set_beats_the_variable_and_is_a_new_version(monkeypatch):
    monkeypatch.setenv("SHINSO_NUM_THREADS", "5")
    before = version()
    affinity.set_num_threads(3)
    assert affinity.get_num_threads() == 3
    assert version() == before + 1
    affinity.set_num_threads(3)
    assert version() == before + 1


@pytest.mark.parametrize(
    ("n", "error"), [(0, ValueError), (-2, ValueError), (257, ValueError), (2.0, TypeError),
                     ("2", TypeError), (True, TypeError)]
)  # fmt: skip
def test_nonsense_in_set(n, error):
    with pytest.raises(error, match="set_num_threads"):
        affinity.set_num_threads(n)


def test_affinity_mask_counts(monkeypatch):
    monkeypatch.setattr(affinity.os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    monkeypatch.setattr(affinity, "cgroup_quota", lambda *_: None)
    assert affinity.usable_cpus() == 3


@pytest.mark.parametrize(("quota", "threads"), [(0.5, 1), (2.9, 2), (64.0, 4)])
def test_quota_is_rounded_down(monkeypatch, quota, threads):
    monkeypatch.setattr(affinity.os, "sched_getaffinity", lambda pid: set(range(4)), raising=False)
    monkeypatch.setattr(affinity, "cgroup_quota", lambda *_: quota)
    assert affinity.usable_cpus() == threads


def test_without_masks(monkeypatch):
    monkeypatch.delattr(affinity.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(affinity.os, "process_cpu_count", lambda: None, raising=False)
    monkeypatch.setattr(affinity, "cgroup_quota", lambda *_: None)
    assert affinity.usable_cpus() == 1


def _group(root, path, **files):
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_quota_of_version_2_the_strictest_on_the_way(tmp_path):
    member = tmp_path / "cgroup"
    member.write_text("0::/a/b\n")
    root = tmp_path / "fs"
    _group(root, "a", cpu__max="150000 100000\n")
    _group(root, "a/b", cpu__max="400000 100000\n")
    assert affinity.cgroup_quota(member, root) == 1.5
    _group(root, "a", cpu__max="max 100000\n")
    assert affinity.cgroup_quota(member, root) == 4


def test_quota_of_version_2_in_a_container(tmp_path):
    member = tmp_path / "cgroup"
    member.write_text("0::/../../outside\n")
    root = tmp_path / "fs"
    _group(root, ".", cpu__max="300000 100000\n")
    assert affinity.cgroup_quota(member, root) == 3


def test_quota_of_version_1(tmp_path):
    member = tmp_path / "cgroup"
    member.write_text("5:memory:/x\n4:cpu,cpuacct:/job\n")
    root = tmp_path / "fs"
    _group(root, "cpu,cpuacct/job", cpu__cfs_quota_us="250000\n", cpu__cfs_period_us="100000\n")
    _group(root, "cpu,cpuacct", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert affinity.cgroup_quota(member, root) == 2.5


@pytest.mark.parametrize("text", ["", "max", "x y", "100000 0", "-1 100000"])
def test_no_quota_in_damaged_files(tmp_path, text):
    member = tmp_path / "cgroup"
    member.write_text("0::/a\nnonsense\n")
    _group(tmp_path / "fs", "a", cpu__max=text)
    assert affinity.cgroup_quota(member, tmp_path / "fs") is None


def test_no_files_no_quota(tmp_path):
    assert affinity.cgroup_quota(tmp_path / "none", tmp_path) is None
