"""The four parts of the curriculum, in both languages: title, file name, introduction."""

from dataclasses import dataclass

from shinso.lab.text import Text


@dataclass(frozen=True)
class Part:
    """letter: of its rows."""

    letter: str
    file: str
    title: Text
    text: Text


PARTS = (
    Part(
        "A",
        "a-backpropagation",
        Text("A. From the neuron to backpropagation", "A. ニューロンから誤差逆伝播法へ"),
        Text(
            "A neuron adds up what comes in and answers. One of them draws a line; layers of them "
            "approximate any continuous function. To learn, each weight must know how much it is "
            "to blame for the error: that is its gradient, and backpropagation finds all of them "
            "in one pass over the computation graph.",
            "ニューロンは入力の重み付き和をとり、答えを出す。一つなら直線を引き、"
            "層に重ねれば任意の連続関数を近似できる。学習するには、各重みが誤差に"
            "どれだけ責任があるかを知る必要がある。それが勾配であり、"
            "誤差逆伝播法は計算グラフを一度さかのぼるだけですべての勾配を求める。",
        ),
    ),
    Part(
        "B",
        "b-between-generations",
        Text("B. Between the first and the third generation", "B. 第一世代と第三世代のあいだ"),
        Text(
            "For twenty years deep networks could not be trained well. Kernel machines and random "
            "features avoided the question; Boltzmann machines and autoencoders answered it by "
            "learning one layer after the other. These methods still teach what a representation "
            "is, and some are still the fastest way to a good result.",
            "二十年のあいだ、深いネットワークはうまく学習できなかった。"
            "カーネル法とランダム特徴は問題を避けて通り、"
            "ボルツマンマシンと自己符号化器は一層ずつ学習することで答えた。"
            "これらの手法は表現とは何かを教えてくれるし、"
            "いまでも良い結果への最短の道であることがある。",
        ),
    ),
    Part(
        "C",
        "c-training-deep-networks",
        Text("C. Making deep networks trainable", "C. 深いネットワークを学習できるようにする"),
        Text(
            "Gradients that vanish, weights that begin badly, rates that are too large, data that "
            "are too few: each has a remedy, and each remedy can be seen at work in numbers.",
            "消える勾配、悪い初期値、大きすぎる学習率、少なすぎるデータ。それぞれに処方があり、"
            "どの処方もその働きを数値で見ることができる。",
        ),
    ),
    Part(
        "D",
        "d-convolutional-networks",
        Text("D. Convolutional networks", "D. 畳み込みニューラルネットワーク"),
        Text(
            "In an image, neighbours belong together and a thing looks the same wherever it is. A "
            "convolution knows both. What came after LeNet is a history of making such networks "
            "deeper, wider and cheaper without losing the ability to train them.",
            "画像では隣どうしが関係し、物はどこにあっても同じに見える。畳み込みはその両方を知っている。"
            "LeNet のあとに続いたのは、学習できる性質を失わずに、"
            "より深く、より広く、より軽くする歴史である。",
        ),
    ),
)
