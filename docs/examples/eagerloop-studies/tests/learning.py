"""What each study must have learnt: a figure of the test data beside a baseline that is computed without eagerloop.

A function for each study takes the run and returns the figure and the bar that it must be below. Shapes: n rows.
"""

import numpy as np
import tensorflow as tf
from eagerloop_studies import contrastive, dcgan, distillation, language_model, physics, translation

SEED = 0
"""That of all runs, as no command line names another one."""


def _cross_entropy(probabilities, y):
    return float(-np.log(np.take_along_axis(probabilities, y[..., None], axis=-1)).mean())


def dcgan_learns(run):
    """Made images are nearer to a real one than the mean image is, which a generator that knows nothing else would make."""

    def distance(images):
        return np.square(images[:, None] - dcgan.bars()[None]).mean(axis=(2, 3, 4)).min(axis=1).mean()

    noise = np.random.default_rng(1).normal(size=(200, 8)).astype("float32")
    return distance(np.asarray(run.model.generator(noise))), 0.6 * distance(dcgan.bars().mean(axis=0, keepdims=True))


def translation_learns(run):
    """Wrong words of translations without a teacher, beside those of always the likeliest token at each place."""
    x, y = run.dataset.test_arrays
    there, target = y["target_out"] != 0, y["target_out"]
    written = translation.translate(run, x["source"])
    trained = run.dataset.train_arrays[1]["target_out"]
    likeliest = np.array([np.bincount(column[column != 0]).argmax() for column in trained.T])
    return (written != target)[there].mean(), 0.5 * (likeliest[None] != target)[there].mean()


def captioning_learns(run):
    """Wrong words, beside those of whoever knows the words before and does not see the image."""
    x, y = run.dataset.test_arrays
    trained_x, trained_y = run.dataset.train_arrays
    target, there = y["caption_out"], y["caption_out"] != 0
    known = {}
    for before, after in zip(trained_x["caption_in"], trained_y["caption_out"], strict=True):
        for place in range(5):
            known.setdefault((place, tuple(before[: place + 1])), []).append(after[place])
    blind = [
        [np.bincount(known.get((place, tuple(before[: place + 1])), [0])).argmax() for place in range(5)]
        for before in x["caption_in"]
    ]
    return (run.predict().argmax(-1) != target)[there].mean(), 0.5 * (np.array(blind) != target)[there].mean()


def style_transfer_learns(run):
    """The distance of the image from the style, beside that of the content, by pairs of neighbours rather than by filters."""

    def neighbours(image):
        image = np.asarray(image)[0, :, :, 0] - np.mean(image)
        shifts = [(1, 0), (0, 1), (1, 1), (2, 2), (1, -1), (2, -2)]
        return np.array([(image * np.roll(image, shift, (0, 1))).mean() for shift in shifts]) / image.var()

    (x, _y) = run.dataset.test_arrays
    made, style = neighbours(run.predict()), neighbours(x["style"])
    return np.abs(made - style).mean(), 0.7 * np.abs(neighbours(x["content"]) - style).mean()


def pix2pix_learns(run):
    """The absolute error, beside that of the mean image."""
    y = run.dataset.test_arrays[1]
    return np.abs(run.predict() - y).mean(), 0.5 * np.abs(run.dataset.train_arrays[1].mean(axis=0) - y).mean()


def vae_learns(run):
    """The squared error of what comes back, beside that of the mean image."""
    x = run.dataset.test_arrays[0]
    image = 1 / (1 + np.exp(-run.predict()["image"]))
    return np.square(image - x).mean(), 0.5 * np.square(run.dataset.train_arrays[0].mean(axis=0) - x).mean()


def unet_learns(run):
    """Wrong pixels, beside those of the one threshold of brightness that is the best for the test images."""
    x, y = run.dataset.test_arrays
    thresholds = [((x > level) != (y > 0.5)).mean() for level in np.linspace(-1, 2, 61)]
    return ((run.predict() > 0) != (y > 0.5)).mean(), 0.5 * min(thresholds)


def forecasting_learns(run):
    """The squared error, beside that of what was 12 steps ago, the length of the stronger wave."""
    x, y = run.dataset.test_arrays
    return np.square(run.predict() - y).mean(), 0.7 * np.square(x[:, 12:20, 0] - y).mean()


def two_heads_learns(run):
    """The worse of two shares: of the price's variance that is left, and of wrong sales beside always the usual answer."""
    y, said = run.dataset.test_arrays[1], run.predict()
    price = np.square(said["price"] - y["price"]).mean() / y["price"].var()
    usual = np.bincount(run.dataset.train_arrays[1]["sold"]).argmax()
    sold = (said["sold"].argmax(-1) != y["sold"]).mean() / (usual != y["sold"]).mean()
    return max(price, sold), 0.5


def language_model_learns(run):
    """The cross-entropy, beside that of a guess from one word alone: how often each follows it in the training."""
    (words, after), (x, y) = run.dataset.train_arrays, run.dataset.test_arrays
    size = len(language_model.VOCABULARY)
    counts = np.full((size, size), 0.01)
    np.add.at(counts, (words.astype(int), after), 1)
    pairs = counts / counts.sum(axis=1, keepdims=True)
    return _cross_entropy(tf.nn.softmax(run.predict()).numpy(), y), 0.8 * _cross_entropy(pairs[x.astype(int)], y)


def fine_tuning_learns(run):
    """Wrong classes, beside those of the nearest row of the second phase, whose few rows are all that it knows."""
    (known, classes), (x, y) = run.dataset.train_arrays, run.dataset.test_arrays
    nearest = np.square(x[:, None] - known[None]).sum(axis=-1).argmin(axis=1)
    return (run.predict().argmax(-1) != y).mean(), 0.7 * (classes[nearest] != y).mean()


def physics_learns(run):
    """The largest error from the solution in closed form, beside that of standing still at 1."""
    t = np.linspace(0, 2, 101)[:, None]
    true = physics.solution(t)
    return np.abs(run.predict(t.astype("float32")) - true).max(), 0.1 * np.abs(true - 1).max()


def distillation_learns(run):
    """The divergence of the student from its teacher, beside that of the classes' shares."""
    x = run.dataset.test_arrays[0]
    teacher = tf.nn.softmax(distillation.teacher_of(run.dataset, SEED)(tf.constant(x))).numpy().astype("float64")
    student = tf.nn.softmax(run.predict()).numpy()
    shares = np.bincount(run.dataset.train_arrays[1]) / len(run.dataset.train_arrays[1])
    divergences = [float((teacher * np.log(teacher / said)).sum(axis=1).mean()) for said in (student, shares)]
    return divergences[0], 0.3 * divergences[1]


def contrastive_learns(run):
    """Wrong shapes by the nearest of 16 codes whose shape is told, beside those by the nearest of the 16 series themselves."""
    one, other, shape = contrastive.labelled(640, SEED)
    codes = run.predict({"one": one, "other": other})["one"]

    def wrong(points):
        distances = np.square(points[:64, None] - points[None, 64:80]).sum(axis=-1)
        return (shape[64:80][distances.argmin(axis=1)] != shape[:64]).mean()

    return wrong(codes), 0.5 * wrong(one)


def policy_gradient_learns(run):
    """The reward that is missed by the likeliest action, beside that missed by the one action that is the best for all."""
    y = run.dataset.test_arrays[1]
    best, chosen = y.max(axis=1).mean(), np.take_along_axis(y, run.predict().argmax(-1)[:, None], axis=1).mean()
    return best - chosen, 0.5 * (best - y.mean(axis=0).max())
