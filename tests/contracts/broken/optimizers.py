"""Optimizers with one fault each, named after it."""

import numpy as np
import tensorflow as tf


class Descent:
    """Gradient descent with momentum, as it should be; each fault changes one thing."""

    def __init__(self, learning_rate=0.01, momentum=0.5):
        self.learning_rate, self.momentum, self.variables = learning_rate, momentum, []

    def build(self, variables):
        self.variables = [tf.Variable(tf.zeros(variable.shape)) for variable in variables]

    def apply_gradients(self, grads_and_vars):
        for (gradient, variable), slot in zip(grads_and_vars, self.variables, strict=True):
            self.move(gradient, variable, slot)

    def move(self, gradient, variable, slot):
        slot.assign(self.momentum * slot + gradient)
        variable.assign_sub(self.learning_rate * slot)


def _part(**changes):
    """An instance of Descent with some methods or attributes exchanged."""
    return type("Descent", (Descent,), changes)()


def climbs():
    """Adds the gradient, as in an ascent."""

    def move(self, gradient, variable, slot):
        variable.assign_add(self.learning_rate * gradient)

    return _part(move=move)


def momentum_in_numpy():
    """Keeps its momentum in NumPy arrays, which no checkpoint holds."""

    def build(self, variables):
        self.means = [np.zeros(variable.shape, "float32") for variable in variables]

    def apply_gradients(self, grads_and_vars):
        for place, (gradient, variable) in enumerate(grads_and_vars):
            self.means[place] = 0.9 * self.means[place] + gradient.numpy()
            variable.assign_sub(0.01 * self.means[place])

    return _part(build=build, apply_gradients=apply_gradients)


def counter_in_python():
    """Lets the rate fall with the steps, which it counts in a Python number."""

    def apply_gradients(self, grads_and_vars):
        self.steps = getattr(self, "steps", 0) + 1
        for gradient, variable in grads_and_vars:
            variable.assign_sub(0.05 / self.steps * gradient)

    return _part(apply_gradients=apply_gradients)


def slots_made_late():
    """Makes its slots at the first step, after a restore would have filled them."""

    def build(self, variables):
        self.variables = []

    def apply_gradients(self, grads_and_vars):
        pairs = list(grads_and_vars)
        if not self.variables:
            self.variables = [tf.Variable(tf.zeros(variable.shape)) for _gradient, variable in pairs]
        Descent.apply_gradients(self, pairs)

    return _part(build=build, apply_gradients=apply_gradients)


def first_variable_only():
    """Returns inside the loop."""

    def apply_gradients(self, grads_and_vars):
        for gradient, variable in grads_and_vars:
            variable.assign_sub(0.01 * gradient)
            return

    return _part(apply_gradients=apply_gradients)


def pairs_gone_through_twice():
    """Counts the pairs first, and finds none left to apply."""

    def apply_gradients(self, grads_and_vars):
        norm = tf.linalg.global_norm([gradient for gradient, _variable in grads_and_vars])
        for gradient, variable in grads_and_vars:
            variable.assign_sub(0.01 * gradient / (1 + norm))

    return _part(apply_gradients=apply_gradients)


def variables_is_a_method():
    """Has a method `variables()`, as optimizers of TensorFlow 1 had."""

    class Old:
        def variables(self):
            return []

        def apply_gradients(self, grads_and_vars):
            for gradient, variable in grads_and_vars:
                variable.assign_sub(0.01 * gradient)

    return Old()


def variables_are_copies():
    """Gives copies of its slots, so that a restore fills the copies."""

    class Copies:
        def __init__(self):
            self.slots = []

        @property
        def variables(self):
            return [tf.Variable(slot) for slot in self.slots]

        def build(self, variables):
            self.slots = [tf.Variable(tf.zeros(variable.shape)) for variable in variables]

        def apply_gradients(self, grads_and_vars):
            for (gradient, variable), slot in zip(grads_and_vars, self.slots, strict=True):
                slot.assign(0.5 * slot + gradient)
                variable.assign_sub(0.01 * slot)

    return Copies()


def shared_by_all():
    """Keeps its slots on the class, so that a second run begins with those of the first."""
    return Shared()


class Shared(Descent):
    """The fault of `shared_by_all`."""

    slots: list = []  # noqa: RUF012 - the fault

    def build(self, variables):
        for variable in variables[len(self.slots) :]:
            self.slots.append(tf.Variable(tf.zeros(variable.shape)))
        self.variables = list(self.slots)


def slots_by_name():
    """Keeps its slots by the variables' names, which need not differ."""

    def build(self, variables):
        self.slots = {variable.name: tf.Variable(tf.zeros(variable.shape)) for variable in variables}
        self.variables = list(self.slots.values())

    def apply_gradients(self, grads_and_vars):
        for gradient, variable in grads_and_vars:
            self.move(gradient, variable, self.slots[variable.name])

    return type("ByName", (Descent,), {"build": build, "apply_gradients": apply_gradients})()


def divides_by_zero():
    """Divides the gradient by its length."""

    def move(self, gradient, variable, slot):
        variable.assign_sub(self.learning_rate * gradient / tf.norm(gradient))

    return _part(move=move)


def diverges():
    """Multiplies its momentum instead of letting it fade."""

    def move(self, gradient, variable, slot):
        slot.assign(1.5 * slot + gradient)
        variable.assign_sub(self.learning_rate * slot)

    return _part(move=move)


def resets_its_slots():
    """Builds again at each step, and so forgets its momentum."""

    def apply_gradients(self, grads_and_vars):
        pairs = list(grads_and_vars)
        self.build([variable for _gradient, variable in pairs])
        Descent.apply_gradients(self, pairs)

    return _part(apply_gradients=apply_gradients)


def tensorflow_variables_only():
    """Keeps its slots by `variable.ref()`, which keras.Variables do not have."""

    def build(self, variables):
        self.slots = {variable.ref(): tf.Variable(tf.zeros(variable.shape)) for variable in variables}
        self.variables = list(self.slots.values())

    def apply_gradients(self, grads_and_vars):
        for gradient, variable in grads_and_vars:
            self.move(gradient, variable, self.slots[variable.ref()])

    return _part(build=build, apply_gradients=apply_gradients)


def unseeded_noise():
    """Shakes the gradient by a generator without a seed."""

    def move(self, gradient, variable, slot):
        noise = np.random.default_rng().normal(0, 0.01, gradient.shape).astype("float32")
        variable.assign_sub(self.learning_rate * (gradient + noise))

    return _part(move=move)


def rate_ignored(*, learning_rate: float = 0.01):
    """Has an option that it does not use."""
    return Descent()
