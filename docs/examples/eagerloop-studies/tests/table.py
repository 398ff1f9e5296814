"""The studies: how each is trained, what of it is a part and why."""

from typing import NamedTuple

import learning

from eagerloop import use
from eagerloop.parts import Choice


class Study(NamedTuple):
    """A study.

    Attributes:
        why: What is a part, and why.
        chosen: The parts, by the keywords of `eagerloop.train`.
        epochs: How many until it has learnt.
        small: Options of the dataset with which an epoch has three steps.
        tolerance: By how much a compiled run may differ in a variable, relative to its largest value; 0 for the same bits.
    """

    why: str
    chosen: dict
    epochs: int
    small: dict
    tolerance: float = 0.0

    @property
    def name(self):
        """What its parts are called."""
        return self.chosen["dataset"].part

    def made_small(self):
        """The same parts on little data."""
        dataset = self.chosen["dataset"]
        return self.chosen | {"dataset": Choice(dataset.part, {**dataset.options, **self.small})}

    def has_learnt(self, run):
        """What it must have learnt: the figure, and the bar that it must be below."""
        return getattr(learning, f"{self.name.replace('-', '_')}_learns")(run)

    def measured(self):
        """In words, what the figure is."""
        return getattr(learning, f"{self.name.replace('-', '_')}_learns").__doc__.strip()


def words_of(chosen):
    """Parts as the command line has them."""
    words = []
    for kind, choice in chosen.items():
        if not isinstance(choice, Choice):
            words += [f"--{kind.replace('_', '-')}", *([] if choice is True else [str(choice)])]
            continue
        words += [f"--{kind}", choice.part]
        for option, value in choice.options.items():
            words += [f"--{kind}.{option.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def own(name, *kinds, rate=0.01, **others):
    """A study's own parts and Adam, whose rate is all that is set of it."""
    return {kind: use(name) for kind in ("dataset", "model", *kinds)} | {"optimizer": use("adam", learning_rate=rate)} | others


ROUNDED = 1e-4
"""A compiled run adds up in another order; measured were up to 4e-6."""

STUDIES = [
    Study(
        "The **model** holds a `generator` and a `discriminator`; that is all that the built-in **step** `adversarial` "
        "asks. Its loss is a usual one, of logits.",
        own("dcgan", loss=use("binary_crossentropy", from_logits=True), step=use("adversarial"))
        | {"optimizer": use("adam", learning_rate=0.002, beta_1=0.5)},
        60,
        {"rows": 80},
        ROUNDED,
    ),
    Study(
        "Teacher forcing is a matter of the **data**: x is `{source, target_in}`, and y the same sentence a place further"
        " on. The **loss** leaves the padding out, so that long and short sentences can stand in a batch, and tells in a "
        "figure how many words are right. The attention is inside the **model**.",
        own("translation", "loss", rate=0.02),
        10,
        {"rows": 200},
        ROUNDED,
    ),
    Study(
        "As translation, with an image in the place of the first sentence. The **loss** is the same function, the "
        "**model** begins with convolutions.",
        own("captioning", "loss"),
        10,
        {"rows": 150},
        ROUNDED,
    ),
    Study(
        "The **model** is the image: its pixels are the one variable. The **loss** holds the network that looks at it, "
        "whose filters are drawn from `seed`; it asks for `x`, where content and style are. y is `()`.",
        own("style-transfer", "loss", rate=0.02),
        10,
        {"steps": 3},
        ROUNDED,
    ),
    Study(
        "The discriminator sees input and image together, which `adversarial` does not do: a **step** of its own. It "
        "makes an optimizer for the discriminator in `build`, lists its `variables`, so that they are saved, and gives "
        "both players' losses as figures. The run's loss is the distance from the target.",
        own("pix2pix", "step", rate=0.005, loss=use("mean_absolute_error")),
        25,
        {"rows": 60},
        ROUNDED,
    ),
    Study(
        "The **model** answers with a dict: the image, and what the draw was made of. The **loss** asks for `x`, and adds"
        " a divergence, `kl` or `mmd`. The draws of `mmd` come from a generator that is an attribute of the loss: so it "
        "is saved.",
        own("vae", "loss"),
        10,
        {"rows": 100},
        ROUNDED,
    ),
    Study(
        "One tensor in, one out: only the **model** is special, and even so a functional Keras model. The **loss** is "
        "there for its figure, the overlap.",
        own("unet", "loss"),
        10,
        {"rows": 60},
        0.0,
    ),
    Study(
        "The windows are cut by the **dataset**, which keeps the end of the series for the test. The **model** is a Keras"
        " `Sequential`; the loss is the one that is chosen for numbers.",
        own("forecasting", rate=0.02),
        20,
        {"past": 6, "future": 3, "length": 190},
        ROUNDED,
    ),
    Study(
        "x and y are dicts by the names of the **model**'s inputs and outputs. The **loss** adds two losses up, and gives"
        " each as a figure.",
        own("two-heads", "loss", rate=0.02),
        10,
        {"rows": 80},
        0.0,
    ),
    Study(
        "The targets are the words one place further on, classes at each place. So loss and metric are those that are "
        "chosen for classes, and only **dataset** and **model** are parts.",
        own("language-model"),
        8,
        {"rows": 140},
        ROUNDED,
    ),
    Study(
        "Two runs. The second takes the body of the first by `--start-from`, and leaves it as it is by `--freeze`; the "
        "head has another shape, and begins anew. The **dataset** has an option for the phase.",
        own("fine-tuning", rate=0.02) | {"dataset": use("fine-tuning", phase="narrow"), "start_from": "runs/broad"},
        40,
        {},
    ),
    Study(
        "The factory of the **loss** asks for `model`, and the loss for `x`: it calls the model inside two tapes of its "
        "own, which the tape of the step differentiates again. There is no y.",
        own("physics", "loss"),
        100,
        {"rows": 60},
        ROUNDED,
    ),
    Study(
        "The factory of the **loss** asks for `dataset` and `seed`, makes the teacher, and keeps it; the loss asks for "
        "`x` to hear what the teacher says of it.",
        own("distillation", "loss", rate=0.02),
        20,
        {"rows": 150},
        0.0,
    ),
    Study(
        "x holds two views of each row. The **loss** compares all rows of the batch with each other, so it is no mean "
        "over rows that know nothing of each other. There is no y.",
        own("contrastive", "loss"),
        20,
        {"rows": 160},
        ROUNDED,
    ),
    Study(
        "What is minimised is not what is measured: the **step** draws an action and sees one reward, `measure` and the "
        "**loss** know all of them. The state of the draws and the usual reward are the step's `variables`.",
        own("policy-gradient", "loss", "step", rate=0.02),
        10,
        {"rows": 100},
    ),
]
