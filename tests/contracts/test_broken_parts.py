"""Parts with one fault each are caught, by the check that is there for it, in words that name the fault."""

import inspect
import re
from pathlib import Path

import pytest

from eagerloop.choices.sources import import_file
from eagerloop.testing import check
from eagerloop.testing.targets import find

HERE = Path(__file__).with_name("broken")

LOSSES = {
    "one_value_for_each_row": ("loss-scalar", "one value for each row"),
    "numpy_inside": ("loss-gradient", "NumPy"),
    "python_float": ("loss-scalar", "gave float, not a tensor"),
    "arguments_swapped": ("loss-arguments", "the predictions come first"),
    "sign_flipped": ("loss-minimal", "making it small makes predictions bad"),
    "flattened_targets": ("loss-minimal", "does not compare row with row"),
    "half_the_gradient_stopped": ("loss-gradient-agrees", "0.0086.* finite differences measure 0.017"),
    "wrong_custom_gradient": ("loss-gradient-agrees", "0.0449.* finite differences measure 0.0898"),
    "root_at_zero": ("loss-finite", "gradient is not finite for a perfect prediction"),
    "exponential_overflow": ("loss-finite", "inf for a large prediction"),
    "running_mean": ("loss-repeatable", "it keeps or draws something"),
    "unseeded_noise": ("loss-repeatable", "the same call gave .* then"),
    "batch_size_written_in": ("loss-short-batch", "line .*Reshape|reshape"),
    "weights_as_shares": ("loss-weights", "with a weight of 1 for each row, and .* with 2 for each, not twice as much"),
    "weights_that_shift": ("loss-weights", "it is .* without weights, and .* with a weight of 1 for each row"),
    "weights_stretched_by_model": ("loss-weights", "not twice as much"),
    "rounded": ("loss-gradient", "round or argmax"),
    "targets_ignored": ("loss-minimal", "another row's target"),
    "first_rows_only": ("loss-gradient", "row 5, 6, 7, 8, 9 of the batch get no gradient"),
    "option_without_type": ("options-readable", "'quantile' has no annotation"),
    "default_of_another_type": ("options-readable", "must be float, got '0.5'"),
    "no_docstring": ("docstring", "no docstring"),
}

OPTIMIZERS = {
    "climbs": ("optimizer-lowers", "goes up the gradient"),
    "momentum_in_numpy": ("optimizer-restores", "`means` changes with the steps and is not in `variables`"),
    "counter_in_python": ("optimizer-restores", "`steps` changes with the steps"),
    "slots_made_late": ("optimizer-variables", "0 entries after build, and 3 after the first step"),
    "first_variable_only": ("optimizer-lowers", r"variable of shape \(2, 2\) has not moved"),
    "pairs_gone_through_twice": ("optimizer-lowers", "an iterator, which can be gone through once"),
    "variables_is_a_method": ("optimizer-variables", "is a method"),
    "variables_are_copies": ("optimizer-variables", "gives copies"),
    "shared_by_all": ("same-seed", "shares state with the first"),
    "slots_by_name": ("optimizer-same-names", "two variables of the same name"),
    "divides_by_zero": ("optimizer-zero-gradient", "a gradient of 0 makes the variable .* nan"),
    "diverges": ("optimizer-lowers", "diverges"),
    "resets_its_slots": ("optimizer-variables", "other objects after a step than before"),
    "tensorflow_variables_only": ("optimizer-either-variable", "'Variable' object has no attribute 'ref'"),
    "unseeded_noise": ("same-seed", "it draws numbers"),
    "rate_ignored": ("optimizer-learning-rate", "learning_rate does nothing"),
}

MODELS = {
    "no_training_argument": ("model-called", "unexpected keyword argument 'training'"),
    "untracked_variable": ("model-tracked", "scale.* is not in `variables`"),
    "layers_made_in_call": ("model-variables", "other objects at each call"),
    "more_layers_in_training": ("model-variables", "4 variables after its first call and 5"),
    "unused_layer": ("model-gradients", "no gradient reaches .*kernel"),
    "gradient_stopped": ("model-gradients", "no gradient reaches .*kernel"),
    "numpy_in_call": ("model-gradients", "no gradient reaches"),
    "flat_predictions": ("model-predictions", r"shape \(12,\); with targets \(n, 1\)"),
    "outputs_written_in": ("model-predictions", r"shape \(12, 5\), and the dataset has 1 outputs"),
    "dropout_always_on": ("model-inference-repeatable", "another answer the second time"),
    "dropout_always_off": ("model-training-flag", "it has Dropout, and answers the same"),
    "averages_frozen": ("model-averages", "leaves the averages of batch_normalization"),
    "averages_moved_by_predictions": ("model-inference-repeatable", "training=False changes moving_mean"),
    "softmax_over_the_batch": ("model-rows", "other rows are left out"),
    "zero_weights": ("model-gradients", "all its weights begin with 0"),
    "saturated": ("model-gradients", "saturated"),
    "unseeded_weights": ("same-seed", "begins with other values"),
    "mean_in_python": ("model-restores", "something else is kept between calls"),
    "seed_set_again": ("leaves-seed", "sets the global seed"),
    "return_forgotten": ("made", "is a `return` missing"),
}

DATASETS = {
    "one_shot": ("dataset-reiterable", "epoch 1 has 3 batches, epoch 2 has 0"),
    "not_batched": ("dataset-batches", r"add \.batch"),
    "repeated_for_ever": ("dataset-batches", "repeats itself for ever"),
    "quadruples": ("dataset-batches", r"must give batches \(x, y\) or \(x, y, sample_weight\)"),
    "unseeded_split": ("same-seed", "the test differs"),
    "order_from_the_global_generator": ("same-seed", "epoch 1 differs"),
    "start_ignored": ("dataset-position", "`start` is ignored"),
    "start_counts_rows": ("dataset-position", "does `start` count rows"),
    "trained_on_the_test": ("dataset-disjoint", "8 of the 8 test rows are training rows"),
    "divided_by_zero": ("dataset-finite", "x of train has nan"),
    "flat_targets": ("dataset-targets", r"y of train has the shape \(8,\)"),
    "classes_from_one": ("dataset-targets", "class numbers from 1 to 3.*count from 0"),
    "changed_in_place": ("dataset-reiterable", "its rows change"),
    "fingerprint_of_the_object": ("same-seed", "the fingerprint is 'plain-"),
    "feature_forgotten": ("dataset-described", "3 columns, and `features` names 2"),
    "empty_test": ("dataset-batches", "the test has no batch"),
    "inexact_without_a_reason": ("dataset-position", "`note` does not say why"),
    "rows_of_different_shapes": ("dataset-batches", "rows of different shapes"),
    "negative_weights": ("dataset-weights", r"sample_weight of train has \[-.*which is no weight"),
    "weights_in_a_column": ("dataset-weights", r"sample_weight of train has the shape \(8, 1\), not \(n,\)"),
    "no_row_counts": ("dataset-weights", "all weights of train are 0"),
    "nan_in_a_leaf": ("dataset-finite", "x/city of train has nan or infinity in batch 1"),
    "text_in_a_target": ("dataset-targets", "y/kind of train has the dtype .*, not numbers"),
    "task_of_one_output": ("dataset-described", "`task` is 'regression', and y is y/age, y/kind: such data are 'other'"),
    "weights_drawn_anew": ("dataset-position", "a fresh dataset gives other batches"),
    "shares_rows_in_dicts": ("dataset-disjoint", "8 of the 8 test rows are training rows"),
}

CHECKPOINTERS = {
    "six_digits": ("checkpointer-round-trip", "float32 .* was .0.33333334.* comes back as .0.333332"),
    "halved_doubles": ("checkpointer-round-trip", "float64 .* was .0.3333333333333333. and"),
    "whole_numbers_as_floats": ("checkpointer-round-trip", "int64 .* was .9223372036854775807"),
    "scalars_become_vectors": ("checkpointer-round-trip", r"shape \(\), and the assigned value shape \(1,\)"),
    "bfloat16_as_void": ("checkpointer-round-trip", "a variable of bfloat16"),
    "slashes_to_underscores": ("checkpointer-names", "'model/0000/a/kernel'.* was .1.0. and comes back as .4.0"),
    "one_place_for_all": ("checkpointer-moved", "writes outside the directory"),
    "path_remembered": ("checkpointer-moved", "after the directory was renamed"),
    "kept_in_memory": ("checkpointer-round-trip", "'Memory' object has no attribute 'kept'"),
    "pickled": ("checkpointer-no-code", "variables.bin is a pickle"),
    "damage_swallowed": ("checkpointer-refuses-damage", "is missing, read says nothing"),
    "failed_write_swallowed": ("checkpointer-survives", "fails, it says nothing"),
    "rounds_while_saving": ("checkpointer-only-reads", "changes the variables that it is to save"),
    "nothing_assigned": ("checkpointer-round-trip", "'model/.* read assigns nothing"),
    "only_the_model": ("checkpointer-round-trip", "'optimizer/.* read assigns nothing"),
    "only_what_changed": ("checkpointer-whole", "cannot be read .*No such file"),
    "link_to_the_newest": ("checkpointer-moved", "newest is damaged: it is neither a file nor a directory"),
}

TABLES = {"loss": LOSSES, "optimizer": OPTIMIZERS, "model": MODELS, "dataset": DATASETS, "checkpointer": CHECKPOINTERS}
FILES = {"loss": "losses.py", "optimizer": "optimizers.py", "model": "models.py", "dataset": "datasets.py"}
FILES |= {"checkpointer": "checkpointers.py", "metric": "metrics.py", "observer": "observers.py"}
METRICS = {
    "mean_of_means": ("metric-short-batch", "over batches of 5, 5 and 2 rows"),
    "never_reset": ("metric-reset", "after reset_state its figure is"),
    "predictions_ignored": ("metric-looks", "for perfect predictions and for bad ones"),
    "nan_figure": ("metric-number", "nan"),
    "shared_by_all": ("metric-copied", "share state"),
    "weights_ignored": ("metric-weights", "without the last four rows it is .* where they have the weight 0"),
    "weights_in_the_sum_alone": ("metric-weights", "where they have the weight 0"),
}
OBSERVERS = {
    "misspelt_hook": ("observer-hooks", "did you mean 'on_epoch_end'"),
    "argument_with_a_default": ("observer-hooks", "'epoch' has a default, so it is never passed"),
    "unknown_argument": ("observer-hooks", "loss"),
    "state_that_is_no_json": ("observer-state", "JSON cannot hold"),
    "restore_forgets": ("observer-state", "after restore"),
    "changes_the_weights": ("observer-harmless", "with it"),
    "draws_from_the_global_generator": ("observer-harmless", "with it"),
}
TABLES |= {"metric": METRICS, "observer": OBSERVERS}
SCHEDULES = {
    "falls_below_zero": ("schedule-rate", "-0.9 for step 1000: below 0"),
    "divides_by_the_step": ("schedule-rate", "inf for step 0"),
    "a_row_of_rates": ("schedule-rate", r"shape \(3,\) for step 0, not one number"),
    "counts_by_itself": ("schedule-step-alone", "when it was asked again"),
    "draws": ("schedule-step-alone", "when it was asked again"),
    "computed_in_numpy": ("schedule-in-a-graph", "numpy|NumPy|symbolic|array"),
    "by_the_clock": ("schedule-step-alone", "when it was asked again"),
    "option_without_type": ("options-readable", "'peak' has no annotation"),
    "no_docstring": ("docstring", "no docstring"),
    "overflows": ("schedule-rate", "inf for step 99"),
    "not_a_number": ("schedule-rate", "nan for step 1000"),
    "text": ("schedule-rate", "gave '0.1' for step 0, which is no number"),
}
TABLES |= {"schedule": SCHEDULES}
FILES |= {"schedule": "schedules.py"}
STEPS = {
    "returns_the_loss": ("step-result", "must return an eagerloop.Step"),
    "a_loss_for_each_row": ("step-result", r"the loss of the step must be a scalar, got the shape \(\d+,\)"),
    "other_rows": ("step-result", "the Step's y is not that of the batch"),
    "mean_prediction": ("step-result", r"predictions have the shape \(\) for"),
    "figure_with_a_row_of_numbers": ("step-result", "figure 'rows' of the step must be a scalar"),
    "figure_called_loss": ("step-result", "figure 'loss' of the step has a name that is taken"),
    "no_update": ("step-trains", "trainable variable 0 has not changed"),
    "gradients_reversed": ("step-gradients", r"gradient 0 is \(1,\), its variable has the shape \(3, 4\)"),
    "updates_whatever_comes": ("step-not-finite", "the Step says that it is finite|the variables have changed"),
    "counts_in_python": ("step-restores", "`steps` changes with the steps and is not in `variables`"),
    "noise_without_a_seed": ("same-seed", "it draws numbers, or shares state with the first"),
    "momentum_on_the_module": ("same-seed", "it draws numbers, or shares state with the first"),
    "weights_ignored": ("step-weights", "with 2 for each, not twice as much"),
    "weights_kept_back": ("step-weights", "the Step's sample_weight is None: metrics would count all rows alike"),
    "counts_evaluations": ("step-measure", "measure has changed variables"),
    "measures_a_number": ("step-measure", r"measure: a step must return an eagerloop\.Step"),
}
TABLES |= {"step": STEPS}
FILES |= {"step": "steps.py"}
CASES = [(kind, name, *expected) for kind, table in TABLES.items() for name, expected in table.items()]


@pytest.mark.sweep(12)
@pytest.mark.parametrize(("kind", "name", "check_name", "words"), CASES, ids=[f"{kind}-{name}" for kind, name, *_ in CASES])
def test_a_fault_is_caught_and_named(kind, name, check_name, words):
    """The check that is there for the fault fails, and its message names it."""
    results = check(kind, getattr(import_file(HERE / FILES[kind]), name))
    failed = {result.name: result for result in results if result.status == "failed"}

    assert check_name in failed
    assert re.search(words, failed[check_name].message)


@pytest.mark.parametrize("kind", TABLES)
def test_every_broken_part_is_in_the_table(kind):
    """No file holds a part that no test looks at; the five kinds of a run have at least twelve each."""
    module = import_file(HERE / FILES[kind])
    parts = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]

    assert sorted(parts) == sorted(TABLES[kind])
    assert len(parts) >= 12 or kind in ("metric", "observer")


@pytest.mark.parametrize(
    ("file", "check_name", "words"),
    [
        ("plugin_heavy.py", "light-import", r"imports tensorflow \(.*plugin_heavy.py:3\)"),
        ("plugin_misspelt_hook.py", "loads", "there is no hook 'provide_loss'; did you mean 'provide_losses'"),
        ("plugin_raises.py", "loads", "a_package_that_is_not_there"),
    ],
)
def test_a_plugin_that_is_broken_as_a_whole_is_named(file, check_name, words):
    """A plugin file that is slow to list, misspells a hook or cannot be imported has its fault told."""
    failed = {
        result.name: result for target in find(str(HERE / file)) for result in target.check() if result.status == "failed"
    }

    assert re.search(words, failed[check_name].message)
