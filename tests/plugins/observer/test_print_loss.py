"""The observer `print-loss`."""

import pytest

import eagerloop
from eagerloop_plugins.observer.print_loss import print_loss


@pytest.mark.parametrize(
    ("total", "printed"), [(141.2, "141.2"), (554.4031524658203, "554.4032"), (12.0, "12"), (0.000123456789, "0.0001234568")]
)
def test_prints_the_guides_line_with_seven_digits(capsys, total, printed):
    """The line has the guide's words, and the figure as R's `cat` prints it."""
    print_loss().on_epoch_end(run=None, epoch=3, metrics={"total_loss": total})

    assert capsys.readouterr().out == f"Total loss (epoch): 3 : {printed}\n"


def test_a_run_prints_a_line_per_epoch(capsys, tmp_path):
    """In a real run the figures are the sums of the batch losses in the history."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=2, observers=[print_loss()])

    expected = [f"Total loss (epoch): {row['epoch']} : {row['total_loss']:.7g}" for row in run.history]
    assert capsys.readouterr().out.splitlines() == expected
