"""Policy gradient: a policy draws an action, gets a reward, and learns from that one reward alone. REINFORCE, as a step."""

from typing import Annotated

import typer

import eagerloop


def dataset(
    *,
    rows: Annotated[int, typer.Option(min=20, help="how many situations")] = 800,
    arms: Annotated[int, typer.Option(min=2, help="actions to choose from")] = 4,
    seed: int = 0,
) -> "eagerloop.ArrayDataset":
    """A bandit: situations, and the reward that each action would have there.

    Args:
        rows: At least 20; a tenth of them is for the test.
        arms: At least 2.
        seed: Which situations; filled in by the engine.

    Returns:
        x (n, 3), y (n, arms), the rewards. The step looks at one of a row while training, at that of the action it drew.
    """
    import numpy as np

    draws = np.random.default_rng(seed)
    x, worth = draws.normal(size=(rows, 3)), draws.normal(size=(3, arms))
    y = np.tanh(x @ worth) + 0.1 * draws.normal(size=(rows, arms))
    cut = rows // 10
    return eagerloop.ArrayDataset((x[cut:], y[cut:]), (x[:cut], y[:cut]), batch_size=40, shuffle=True, seed=seed)


def model(*, dataset, units: Annotated[int, typer.Option(min=1, help="of the hidden layer")] = 32):
    """The policy.

    Args:
        dataset: Filled in by the engine; its outputs are the actions.
        units: At least 1.

    Returns:
        A Keras model from x (n, 3) to a logit for each action, (n, arms).
    """
    import keras

    hidden = keras.layers.Dense(units, "tanh", name="hidden")
    return keras.Sequential([hidden, keras.layers.Dense(dataset.outputs, name="actions")], name="policy")


def loss():
    """Minus the reward that the policy expects, if all rewards are known: for the evaluation.

    Returns:
        A loss of rewards (n, arms) and logits (n, arms).
    """
    import tensorflow as tf

    def expected(y_true, y_pred):
        return -tf.reduce_mean(tf.reduce_sum(tf.nn.softmax(y_pred) * y_true, axis=-1))

    return expected


class Reinforce:
    """A step that draws an action for each row; see `step`.

    Args:
        decay: How slowly the mean reward follows.
        seed: Where the draws come from.

    Attributes:
        variables: The state of the draws, and the mean reward so far.
    """

    def __init__(self, decay, seed):
        import keras
        import tensorflow as tf

        self.decay = decay
        self.draws = keras.random.SeedGenerator(seed)
        self.usual = tf.Variable(0.0, trainable=False, name="usual_reward")
        self.variables = [self.draws.state, self.usual]

    def __call__(self, model, loss, optimizer, x, y):
        """One batch: act, be rewarded, make likelier what was better than usual."""
        import keras
        import tensorflow as tf

        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            actions = keras.random.categorical(tf.stop_gradient(logits), 1, seed=self.draws)[:, 0]
            rewards = tf.gather(y, actions, batch_dims=1)  # (n,): of all rewards, the only ones that are looked at
            surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(actions, logits)  # minus the log-likelihood
            value = tf.reduce_mean((rewards - self.usual) * surprise)
        variables = model.trainable_variables
        gradients = tape.gradient(value, variables)
        reward = tf.reduce_mean(rewards)
        finite = eagerloop.all_finite(value, gradients)
        if finite:
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            self.usual.assign(self.decay * self.usual + (1 - self.decay) * reward)
        return eagerloop.Step(x, y, logits, value, gradients, finite, {"reward": reward})

    def measure(self, model, loss, x, y):
        """The reward that the policy expects; nothing is drawn."""
        logits = model(x, training=False)
        value = loss(y, logits)
        return eagerloop.Step(x, y, logits, value, (), eagerloop.all_finite(value, ()), {"reward": -value})


def step(
    *, decay: Annotated[float, typer.Option(min=0, max=1, help="of the usual reward, per step")] = 0.9, seed: int = 0
) -> Reinforce:
    """REINFORCE: actions that were rewarded more than usual become likelier.

    The gradient of the expected reward is estimated from one drawn action a row. The run's loss is for the evaluation alone.

    Args:
        decay: From 0 to 1.
        seed: Filled in by the engine.

    Returns:
        A step for one device, with the figure `reward`.

    Source: Williams (1992), "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning".
    """
    return Reinforce(decay, seed)
