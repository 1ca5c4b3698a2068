"""Convolution of sound, movement, spectrograms, colour images, volumes and films."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from shinso import nn, ops
from shinso.cell import Array
from shinso.graph import no_grad
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.convolution import Convolution
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, SIGNED, say, styled

RATE, FRAMES, JOINTS = 8000, 120, 25
"""Samples of sound per second; frames of movement (at 30 per second) and joints of a skeleton."""
CONVOLVE = {1: ops.conv1d, 2: ops.conv2d, 3: ops.conv3d}


def size_of_output(h: int, kernel: int, padding: int, stride: int, dilation: int = 1) -> int:
    """⌊(H + 2P − D(F − 1) − 1) / S⌋ + 1, which for D = 1 is ⌊(H + 2P − F) / S⌋ + 1."""
    return (h + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@dataclass(frozen=True)
class Shown:
    """One kind of data x, what a layer made of it (y), and what can be read off that."""

    name: Text
    x: Array
    y: Array
    layer: Any
    verdict: Verdict


def with_kernel(layer: Any, kernel: Array) -> Any:
    """Give a convolution layer this kernel, and no bias."""
    layer.weight.data = np.broadcast_to(kernel, layer.weight.shape).astype(np.float32)
    layer.bias.data = np.zeros(layer.bias.shape, np.float32)
    return layer


def applied(layer: nn.Module, x: Array) -> Array:
    """The layer's output for float32 data, as an array."""
    with no_grad():
        found: Array = layer(x.astype(np.float32)).data
    return found


def chirp(seconds: float = 1.0, low: float = 200.0, high: float = 2000.0) -> Array:
    """A tone that rises evenly from one frequency to the other: (samples,)."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(np.sin(2 * np.pi * (low * t + (high - low) / (2 * seconds) * t**2)))


def _audio() -> Shown:
    """A kernel that is a short tone answers when the chirp passes its frequency."""
    wanted, places = 1000.0, np.arange(-200, 201)
    tone = np.exp(1j * 2 * np.pi * wanted * places / RATE) * np.hanning(len(places))
    layer = with_kernel(nn.Conv1d(1, 2, len(places), padding=200),
                        np.stack([tone.real, tone.imag])[:, None])  # fmt: skip
    x = chirp()[None, None]
    y = applied(layer, x)
    at = float(np.hypot(y[0, 0], y[0, 1]).argmax()) / RATE
    claim = Text("sound: the answer of a 1 kHz kernel to a chirp from 0.2 to 2 kHz peaks at",
                 "音声:0.2〜2 kHz のチャープに対する 1 kHz "
                 "カーネルの応答が最大になる時刻")  # fmt: skip
    return Shown(Text("sound, mono", "音声(モノラル)"), x, np.hypot(y[:, :1], y[:, 1:]), layer,
                 Verdict(claim, at, (wanted - 200) / 1800, 0.01, "=", "s"))  # fmt: skip


def _skeleton() -> Shown:
    """A kernel of central differences, one for each channel, gives the velocity of each joint."""
    t = np.arange(FRAMES) / 30
    phase = np.linspace(0, np.pi, 3 * JOINTS)[:, None]
    x = (0.2 * np.sin(2 * np.pi * 0.9 * t + phase))[None]  # metres, 0.9 steps per second
    layer = with_kernel(nn.Conv1d(75, 75, 3, groups=75), np.array([-0.5, 0, 0.5]) * 30)
    y = applied(layer, x)
    wanted = 0.2 * 2 * np.pi * 0.9
    claim = Text("movement: the largest velocity of 25 joints that swing 0.2 m at 0.9 Hz",
                 "動作:振幅 0.2 m・0.9 Hz で揺れる 25 関節の最大速度")  # fmt: skip
    return Shown(Text("movement of a skeleton", "骨格の動き"), x, y, layer,
                 Verdict(claim, float(np.abs(y).max()), wanted, 0.02, "=", "m/s"))  # fmt: skip


def spectrogram(signal: Array, window: int = 256, hop: int = 64) -> Array:
    """log(1 + |Fourier transform|) of windows that overlap: (frequencies, times)."""
    pieces = np.lib.stride_tricks.sliding_window_view(signal, window)[::hop]
    return np.asarray(np.log1p(np.abs(np.fft.rfft(pieces * np.hanning(window)))).T)


def _spectrogram() -> Shown:
    """A kernel with a slanting stripe tells a rising tone from a falling one."""
    rising = spectrogram(chirp())
    x = np.stack([rising, rising[:, ::-1]])[:, None]
    row, column = np.indices((9, 9)) - 4
    stripe = np.exp(-((row - 0.46 * column) ** 2))  # the chirp climbs 0.46 bins per window
    layer = with_kernel(nn.Conv2d(1, 1, 9), stripe - stripe.mean())
    y = applied(layer, x)
    claim = Text("spectrogram: the answer of a rising stripe to a falling tone, over that to a "
                 "rising one",
                 "スペクトログラム:右上がりの縞の、下降音への応答 ÷ 上昇音への応答")  # fmt: skip
    strength = y.max(axis=(1, 2, 3))
    return Shown(Text("spectrogram", "スペクトログラム"), x, y, layer,
                 Verdict(claim, float(strength[1] / strength[0]), 0.8, 0.0, "<"))  # fmt: skip


def _colour() -> Shown:
    """A kernel over three colours that answers to the border from red to green, left to right."""
    x = np.zeros((1, 3, 32, 48))
    x[0, 0, :, :16] = x[0, 1, :, 16:32] = x[0, 2, :, 32:] = 1  # red, green, blue
    kernel = np.zeros((1, 3, 3, 3))
    kernel[0, 0], kernel[0, 1] = np.array([1, 0, -1]), np.array([-1, 0, 1])
    layer = with_kernel(nn.Conv2d(3, 1, 3, padding=1, padding_mode="replicate"), kernel)
    y = applied(layer, x)
    claim = Text("colour image: a kernel for red beside green answers most at column",
                 "カラー画像:赤と緑の境のカーネルの応答が最大になる列")  # fmt: skip
    column = float(np.flatnonzero(y[0, 0, 16] == y.max()).mean())
    return Shown(Text("colour image", "カラー画像"), x, y, layer,
                 Verdict(claim, column, 15.5, 0.0, "="))  # fmt: skip


def _volume(seed: int) -> Shown:
    """A kernel that is a bright ball finds the nodule in a noisy volume."""
    rng = np.random.default_rng(seed)
    z, y_, x_ = np.indices((24, 40, 40))
    body = ((y_ - 20) / 18) ** 2 + ((x_ - 20) / 15) ** 2 < 1
    centre = (9, 14, 26)
    nodule = (z - 9) ** 2 + (y_ - 14) ** 2 + (x_ - 26) ** 2 <= 9
    x = (0.3 * body + 0.4 * nodule + rng.normal(0, 0.1, body.shape))[None, None]
    ball = (np.square(np.indices((9, 9, 9)) - 4).sum(axis=0) <= 9).astype(float)
    layer = with_kernel(nn.Conv3d(1, 1, 9, padding="same"), ball / ball.sum() - 1 / ball.size)
    y = applied(layer, x)
    found = np.unravel_index(int(y.argmax()), y.shape)[2:]
    away = float(np.linalg.norm(np.subtract(found, centre)))
    claim = Text("CT volume: distance of the ball kernel's peak from the nodule's centre, voxels",
                 "CT ボリューム:球カーネルの最大応答と結節の中心との距離(ボクセル)")  # fmt: skip
    return Shown(Text("CT volume", "CT ボリューム"), x, y, layer,
                 Verdict(claim, away, 1.0, 0.0, "≤"))  # fmt: skip


def _film() -> Shown:
    """A kernel that moves one pixel to the right each frame answers to what does the same."""
    film = np.zeros((2, 3, 16, 24, 24))
    for t in range(16):
        film[0, :, t, 10:14, t + 2 : t + 6] = 1  # to the right
        film[1, :, t, 10:14, 18 - t : 22 - t] = 1  # to the left
    kernel = np.zeros((1, 3, 5, 5, 5))
    for t in range(5):
        kernel[..., t, :, t] = 1
    layer = with_kernel(nn.Conv3d(3, 1, 5), kernel - kernel.mean())
    y = applied(layer, film)
    best = y.max(axis=(1, 2, 3, 4))
    claim = Text("film: the answer of a kernel that moves right to a square that moves left, over "
                 "that to one that moves right",
                 "動画:右へ動くカーネルの、左へ動く正方形への応答 ÷ "
                 "右へ動く正方形への応答")  # fmt: skip
    return Shown(Text("film", "動画"), film, y, layer,
                 Verdict(claim, float(best[1] / best[0]), 0.8, 0.0, "<"))  # fmt: skip


def kinds(seed: int) -> dict[str, Shown]:
    """All six kinds of data, each through one convolution."""
    return {
        "audio": _audio(), "skeleton": _skeleton(), "spectrogram": _spectrogram(),
        "colour": _colour(), "volume": _volume(seed), "film": _film(),
    }  # fmt: skip


def compare_sizes(dimensions: Sequence[int], sizes: Sequence[int]) -> tuple[int, int, int]:
    """Try all geometries that fit: how many, how many differ from the formula, how many from the
    formula without its + 1."""
    tried = wrong = slip = 0
    options = itertools.product(dimensions, sizes, (1, 2, 3, 5), (0, 1, 2), (1, 2, 3), (1, 2, 3))
    for n, h, kernel, padding, stride, dilation in options:
        out = size_of_output(h, kernel, padding, stride, dilation)
        if out < 1:
            continue
        x, w = np.zeros((1, 1, *[h] * n)), np.zeros((1, 1, *[kernel] * n))
        with no_grad():
            y = CONVOLVE[n](x, w, stride=stride, padding=padding, dilation=dilation)
        tried += 1
        wrong += y.shape[2:] != (out,) * n
        slip += y.shape[2:] != (out - 1,) * n
    return tried, wrong, slip


def corners() -> dict[str, float]:
    """A 3×3 mean of an image of ones, per padding: the output at the corner."""
    ones, mean = np.ones((1, 1, 6, 6)), np.full((1, 1, 3, 3), 1 / 9)
    return {
        mode: float(ops.conv2d(ones, mean, padding=1, padding_mode=mode).data[0, 0, 0, 0])
        for mode in ("zeros", "replicate", "reflect")
    }


def same_sizes() -> int:
    """How many kernels and dilations padding="same" gives another size for than the input's."""
    x = np.zeros((1, 1, 9, 11))
    return sum(
        ops.conv2d(x, np.zeros((1, 1, k, k)), padding="same", dilation=d).shape != x.shape
        for k, d in itertools.product((1, 2, 3, 4), (1, 2))
    )


def work(settings: Settings) -> Outcome:
    """Six convolutions, all sizes against the formula, and what each padding does at the border."""
    shown = kinds(settings.seed)
    sizes = (5, 8, 13) if settings.fast else (5, 6, 8, 13, 16)
    tried, wrong, slip = compare_sizes((1, 2, 3), sizes)
    corner = corners()
    verdicts = [s.verdict for s in shown.values()] + [
        Verdict(Text(f"sizes that differ from ⌊(H+2P−D(F−1)−1)/S⌋ + 1, of {tried:,} geometries",
                     f"{tried:,} 通りのうち ⌊(H+2P−D(F−1)−1)/S⌋ + 1 と異なる大きさの数"),
                wrong, 0.0, 0.0, "="),
        Verdict(Text("sizes that differ from the same formula without its + 1",
                     "+ 1 を落とした式と異なる大きさの数"), slip, tried, 0.0, "="),
        Verdict(Text("zero padding darkens the corner of a mean of ones to 4/9",
                     "ゼロパディングでは 1 の平均が角で 4/9 に暗くなる"),
                corner["zeros"], 4 / 9, 1e-9, "="),
        *[Verdict(Text(f"padding {mode} keeps it 1", f"パディング {mode} では 1 のまま"),
                  corner[mode], 1.0, 1e-9, "=") for mode in ("replicate", "reflect")],
        Verdict(Text("'same' with odd and even kernels: sizes that differ from the input's",
                     "'same'(奇数・偶数のカーネル)で入力と異なる大きさの数"),
                same_sizes(), 0.0, 0.0, "="),
    ]  # fmt: skip
    return Outcome(verdicts, [_table(shown)], [
        Figure("one-dimension", _lines_picture(shown), _LINES),
        Figure("two-and-three", _images_picture(shown), _IMAGES),
        Figure("padding", _padding_picture(), _PADDING),
    ])  # fmt: skip


_LINES = Text(
    "Above: a chirp, and how strongly a kernel for 1 kHz answers; the dotted line is the moment "
    "when the chirp has that frequency. Below: three of the 75 channels of a skeleton, and their "
    "velocities from the kernel (−½, 0, ½) × 30 per second.",
    "上:チャープ音と、1 kHz のカーネルの応答の強さ。点線はチャープがちょうど 1 kHz になる時刻。"
    "下:骨格データ 75 チャネルのうち三つと、カーネル (−½, 0, ½) × 30 /秒 で求めた速度。",
)
_IMAGES = Text(
    "Input (above) and output (below) of four convolutions. Of the volume the slice through the "
    "nodule is shown, of the film one frame; the output of the film is for the square that moves "
    "to the right.",
    "四つの畳み込みの入力(上)と出力(下)。ボリュームは結節を通る断面、動画は 1 フレームを示した。"
    "動画の出力は右へ動く正方形に対するもの。",
)
_PADDING = Text(
    "A 4×4 image with a border of two: zeros; its edge repeated; mirrored at the edge, which is "
    "not "
    "repeated itself. The frame marks the image.",
    "4×4 の画像に幅 2 の縁を付けたもの。ゼロ、端の値の繰り返し(replicate)、端を軸にした鏡映"
    "(reflect、端自身は繰り返さない)。枠の内側が元の画像。",
)


def _table(shown: dict[str, Shown]) -> Table:
    rows = [
        (s.name, type(s.layer).__name__, " × ".join(map(str, s.x.shape)),
         " × ".join(map(str, np.shape(s.layer.weight))),
         " × ".join(map(str, applied(s.layer, s.x).shape))) for s in shown.values()
    ]  # fmt: skip
    columns = (Text("data", "データ"), Text("layer", "層"), Text("input", "入力"),
               Text("kernels", "カーネル"), Text("output", "出力"))  # fmt: skip
    return Table(columns, rows, Text("Shapes: examples × channels × places.",
                                     "形状:データ数 × チャネル数 × 位置。"))  # fmt: skip


@styled
def _lines_picture(shown: dict[str, Shown]) -> Picture:
    picture, axes = grid(2, 2, 10.0, 5.4)
    sound, skeleton = shown["audio"], shown["skeleton"]
    t = np.arange(sound.x.shape[-1]) / RATE
    axes[0].plot(t, sound.x[0, 0], BLUE, lw=1.2)
    axes[0].set(title=say("chirp, first 0.1 s", "チャープ(最初の 0.1 秒)"), xlim=(0, 0.1),
                ylabel=say("amplitude", "振幅"))  # fmt: skip
    axes[1].plot(t, sound.y[0, 0], ORANGE)
    axes[1].axvline(sound.verdict.wanted, color="#5a5a5a", ls=":")
    axes[1].set(title=say("answer of the 1 kHz kernel", "1 kHz カーネルの応答"))
    t = np.arange(FRAMES) / 30
    for channel in (0, 25, 50):
        axes[2].plot(t, skeleton.x[0, channel])
        axes[3].plot(t[1:-1], skeleton.y[0, channel])
    axes[2].set(title=say("joints", "関節の位置"), ylabel=say("position (m)", "位置(m)"))
    axes[3].set(title=say("velocities", "速度"), ylabel=say("velocity (m/s)", "速度(m/s)"))
    for ax in axes:
        ax.set_xlabel(say("time (s)", "時間(秒)"))
    return picture


@styled
def _images_picture(shown: dict[str, Shown]) -> Picture:
    picture, axes = grid(2, 4, 11.5, 5.2)
    pairs = {
        "spectrogram": (shown["spectrogram"].x[0, 0], shown["spectrogram"].y[0, 0]),
        "colour": (shown["colour"].x[0].transpose(1, 2, 0), shown["colour"].y[0, 0]),
        "volume": (shown["volume"].x[0, 0, 9], shown["volume"].y[0, 0, 9]),
        "film": (shown["film"].x[0, :, 7].transpose(1, 2, 0), shown["film"].y[0, 0, 5]),
    }
    for i, (key, (x, y)) in enumerate(pairs.items()):
        upwards: Literal["lower", "upper"] = "lower" if key == "spectrogram" else "upper"
        axes[i].imshow(x, cmap="gray", origin=upwards, aspect="auto")
        limit = float(np.abs(y).max())
        axes[4 + i].imshow(y, cmap=SIGNED, vmin=-limit, vmax=limit, origin=upwards, aspect="auto")
        axes[i].set_title(say(shown[key].name.en, shown[key].name.ja))
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
    axes[0].set_ylabel(say("input", "入力"))
    axes[4].set_ylabel(say("output", "出力"))
    return picture


@styled
def _padding_picture() -> Picture:
    image = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    names = {"constant": say("zeros", "ゼロ"), "replicate": "replicate", "reflect": "reflect"}
    picture, axes = grid(1, 3, 10.0, 3.8)
    for ax, (mode, name) in zip(axes, names.items(), strict=True):
        padded = ops.pad(image, (2, 2, 2, 2), mode=mode).data[0, 0]
        ax.imshow(padded, vmin=0, vmax=24, cmap="Blues")
        for (i, j), value in np.ndenumerate(padded):
            ax.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=11)
        ax.plot([1.5, 5.5, 5.5, 1.5, 1.5], [1.5, 1.5, 5.5, 5.5, 1.5], color=ORANGE, lw=2.5)
        ax.set(title=name, xticks=[], yticks=[])
        ax.grid(visible=False)
    return picture


EXPERIMENT = Experiment(
    name="d1-convolutions",
    rows=("D1",),
    title=Text("Convolution in one, two and three dimensions", "1・2・3 次元の畳み込み"),
    question=Text(
        "Images are not the only data with neighbours. What does a convolution see in sound, "
        "movement, volumes and films, and how large is what comes out?",
        "隣り合う値に意味があるのは画像だけではない。"
        "音・動き・ボリューム・動画で畳み込みは何を見いだし、"
        "出力の大きさはいくつになるのか。",
    ),
    claim=Text(
        "One operation serves them all; the size of its output is ⌊(H + 2P − F)/S⌋ + 1 along each "
        "axis.",
        "一つの演算がすべてに使え、出力の大きさは各軸で ⌊(H + 2P − F)/S⌋ + 1 となる。",
    ),
    text=Text(
        """A convolution slides a small kernel over its input and writes down at each place how well
        the two agree. What the kernel looks like decides what is found: a short tone finds that
        tone, a slanting stripe finds a rising pitch, a bright ball finds a nodule, a stripe that is
        slanted in time finds movement to the right. The kernels here were made by hand to show
        that; a network learns its own. All of them look at all input channels at once: the colour
        kernel needs red and green.

        The size of the output is ⌊(H + 2P − F)/S⌋ + 1, with the floor and with the + 1. Both are
        often forgotten. The windows begin at 0, S, 2S, … and the last must end within the padded
        input, so there are ⌊(H + 2P − F)/S⌋ steps and one window more than steps. With dilation D
        the kernel reaches over D(F − 1) + 1 places, which takes the place of F. What deep learning
        calls convolution does not flip the kernel; mathematicians call that correlation. As kernels
        are learned, it makes no difference.

        Something must stand beyond the border. Zeros are usual, and cheap, but they are a dark
        frame that the network sees: a mean over ones becomes 4/9 in the corner. 'replicate' repeats
        the edge, 'reflect' mirrors the image. 'same' is not a kind of border but an amount: as much
        as keeps the size at stride 1, F − 1 in all; for an even F the odd one goes to the end.""",
        """畳み込みは、小さなカーネルを入力の上で滑らせ、各位置でどれだけ一致するかを書き出す。何が
        見つかるかはカーネルの形で決まる。短い音はその音を、斜めの縞は上がっていく音を、明るい球は
        結節を、時間方向に傾いた縞は右への動きを見つける。ここではそれを示すためにカーネルを手で
        作った。ネットワークは自分で学習する。どのカーネルも入力の全チャネルを同時に見る。カラー画
        像のカーネルには赤と緑が要る。

        出力の大きさは ⌊(H + 2P − F)/S⌋ + 1 である。切り捨ても + 1 もよく忘れられる。窓の始まりは
        0, S, 2S, …で、最後の窓はパディングした入力の中で終わらなければならない。よって移動の回数
        が ⌊(H + 2P − F)/S⌋、窓の数はそれより一つ多い。ダイレーション D ではカーネルが D(F − 1) + 1
        の範囲に及び、これが F に代わる。深層学習の「畳み込み」はカーネルを反転しない。数学では相関
        と呼ぶ。カーネルは学習されるので違いはない。

        縁の外には何かを置かなければならない。ゼロが普通で手軽だが、ネットワークから見れば暗い枠で
        ある。1 の平均が角では 4/9 になる。replicate は端の値を繰り返し、reflect は画像を鏡映す
        る。'same' は縁の種類ではなく量の指定で、ストライド 1 で大きさが変わらないだけ、合計 F − 1
        を付ける。F が偶数なら余りは終わりの側に付く。""",
    ),
    work=work,
    formulas=(
        r"y_{o,i}=b_o+\sum_{c}\sum_{k}w_{o,c,k}\,x_{c,\,iS+kD-P}",
        r"H_{\mathrm{out}}=\left\lfloor\frac{H+2P-F}{S}\right\rfloor+1\quad(D=1)",
        r"H_{\mathrm{out}}=\left\lfloor\frac{H+2P-D(F-1)-1}{S}\right\rfloor+1",
    ),
    code=(Convolution, size_of_output),
)
