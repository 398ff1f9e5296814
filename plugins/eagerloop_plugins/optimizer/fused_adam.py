"""Keras's Adam on TensorFlow's fused kernel. Importing this module imports TensorFlow: only the factory `adam` does it.

Keras spells Adam's update out in about fifteen operations a variable, which an eager step dispatches one by one from Python.
The kernel does the same arithmetic in one. The slots, the step counter and the learning rate stay Keras's own, so schedules,
clipping and checkpoints are Keras's too.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_READ = tf.raw_ops.ReadVariableOp
_APPLY = tf.raw_ops.ResourceApplyAdam

Handles = tuple[Any, Any, Any]


class FusedAdam(keras.optimizers.Adam):
    """Adam whose update is one kernel call a variable, wherever the kernel does what Keras would have done.

    Args:
        *args: As for `keras.optimizers.Adam`.
        **kwargs: As for `keras.optimizers.Adam`.

    Example:
        >>> variable = keras.Variable([1.0, 2.0])
        >>> optimizer = FusedAdam(learning_rate=0.5)
        >>> _ = optimizer.apply_gradients([(tf.constant([1.0, -1.0]), variable)])
        >>> print(variable.numpy().round(4))
        [0.5 2.5]

    Source: Kingma and Ba, "Adam" (arXiv:1412.6980), the formulation before section 2.1; `tf.raw_ops.ResourceApplyAdam`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """All arguments are Keras's."""
        super().__init__(*args, **kwargs)
        # Set past Keras's attribute tracking: a tracked attribute would go into checkpoints.
        self.__dict__["_handles"] = {}
        self.__dict__["_constants"] = ((), ())

    def build(self, var_list: Sequence[Any]) -> None:
        """Makes the slots, then remembers the resource handles of all that the kernel can update.

        Args:
            var_list: The variables that will be trained.
        """
        if self.built:
            return
        super().build(var_list)
        for variable, momentum, velocity in zip(var_list, self._momentums, self._velocities, strict=True):
            native = variable.value if isinstance(variable, keras.Variable) else variable
            if momentum is None or isinstance(native, tf.distribute.DistributedValues) or native.dtype != tf.float32:
                continue
            handles = (native.handle, momentum.value.handle, velocity.value.handle)
            for key in (variable, native):
                self._handles[id(key)] = (key, handles)  # holding the key keeps its id from being given away

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update of every variable.

        Args:
            grads: A gradient a variable, of its shape.
            trainable_variables: The variables; if not given, those that the optimizer was built with.
        """
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        handles = self._handles_of(grads, variables) if self._is_plain() else None
        if handles is None:
            super().apply(grads, trainable_variables)
            return
        self._update_all(grads, handles, self._rate())
        tf.raw_ops.AssignAddVariableOp(resource=self._iterations.value.handle, value=self._scalars()[-1])

    def _backend_update_step(self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any) -> None:
        """Where Keras's `apply` has clipped, decayed or gathered, and now wants the updates."""
        handles = None if tf.distribute.has_strategy() else self._handles_of(grads, trainable_variables)
        if handles is None or self.amsgrad:
            super()._backend_update_step(grads, trainable_variables, learning_rate)
            return
        self._update_all(grads, handles, tf.cast(learning_rate, tf.float32))

    def _update_all(self, grads: Sequence[Any], handles: Sequence[Handles], rate: Any) -> None:
        """The kernel on every variable. What is the same for all of them is computed once."""
        beta_1, beta_2, epsilon, betas, one, correction, _ = self._scalars()
        step = tf.raw_ops.AddV2(x=tf.raw_ops.Cast(x=self._updates(), DstT=tf.float32), y=one)
        power_1, power_2 = tf.raw_ops.Unpack(value=tf.raw_ops.Pow(x=betas, y=step), num=2, axis=0)
        rate = tf.raw_ops.Mul(x=rate, y=correction)
        for gradient, (variable, momentum, velocity) in zip(grads, handles, strict=True):
            _APPLY(
                var=variable, m=momentum, v=velocity, beta1_power=power_1, beta2_power=power_2, lr=rate, beta1=beta_1,
                beta2=beta_2, epsilon=epsilon, grad=gradient,
            )  # fmt: skip

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable, where some gradients of a step are sparse, or on a replica.

        Args:
            gradient: Of the variable's shape; a sparse one is left to Keras.
            variable: A Keras variable or a `tf.Variable`; one that is not float32 is left to Keras.
            learning_rate: A scalar.
        """
        native = variable.value if isinstance(variable, keras.Variable) else variable
        if self.amsgrad or isinstance(gradient, tf.IndexedSlices) or native.dtype != tf.float32:
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        slots = (self._momentums[index].value.handle, self._velocities[index].value.handle)
        self._update_all([tf.cast(gradient, tf.float32)], [(native.handle, *slots)], tf.cast(learning_rate, tf.float32))

    def _is_plain(self) -> bool:
        """Whether a step is nothing but Adam's update, so that Keras's own `apply` has nothing to add."""
        extras = (self.weight_decay, self.clipnorm, self.clipvalue, self.global_clipnorm, self.loss_scale_factor)
        plain = extras == (None,) * 5 and not (self.amsgrad or self.use_ema or self.gradient_accumulation_steps)
        return plain and not tf.distribute.has_strategy()

    def _handles_of(self, grads: Sequence[Any], variables: Sequence[Any]) -> list[Handles] | None:
        """Handles of variable, momentum and velocity; None where a pair needs what only Keras's `apply` does."""
        if not grads or len(grads) != len(variables):
            return None
        handles = []
        for gradient, variable in zip(grads, variables, strict=True):
            known = self._handles.get(id(variable))
            dense = isinstance(gradient, tf.Tensor) and gradient.dtype == tf.float32
            if known is None or not dense or variable.constraint is not None:
                return None
            handles.append(known[1])
        return handles

    def _updates(self) -> Any:
        """How many updates have been made, an int64 scalar; fewer than steps where gradients are gathered."""
        if self.gradient_accumulation_steps or tf.distribute.has_strategy():
            return tf.convert_to_tensor(self.iterations)
        return _READ(resource=self._iterations.value.handle, dtype=tf.int64)

    def _rate(self) -> Any:
        """The learning rate of this step, a float32 scalar."""
        rate = self._learning_rate
        if isinstance(rate, keras.Variable) and rate.dtype == "float32":
            return _READ(resource=rate.value.handle, dtype=tf.float32)
        return tf.cast(self._get_current_learning_rate(), tf.float32)

    def _scalars(self) -> tuple[Any, ...]:
        """Betas, epsilon, both betas, 1.0, the correction of the rate, and 1, as tensors; new when an option has changed."""
        options = (self.beta_1, self.beta_2, self.epsilon)
        if self._constants[0] != options:
            with tf.init_scope():  # or the tensors would belong to the graph that happens to be traced
                values = (*options, options[:2], 1.0, _correction(*options[:2]))
                floats = [tf.constant(value, tf.float32) for value in values]
                self.__dict__["_constants"] = (options, (*floats, tf.constant(1, tf.int64)))
        return self._constants[1]  # type: ignore[no-any-return]


def _correction(beta_1: float, beta_2: float) -> float:
    """What the rate is multiplied by, so that the steps are as long as Keras's.

    Keras weighs a new gradient by 1 - beta, rounded to float32 afterwards; the kernel rounds beta first. For 0.999 the two
    weights differ by 1.3e-5, which is all of the difference that would be left between the kernel and Keras.
    """
    kernel = [1 - float(np.float32(beta)) for beta in (beta_1, beta_2)]
    keras_own = [float(np.float32(1 - beta)) for beta in (beta_1, beta_2)]
    if 0 in (*kernel, *keras_own):  # a beta of 1 never forgets: nothing to correct
        return 1.0
    first, second = (ours / theirs for ours, theirs in zip(kernel, keras_own, strict=True))
    return float(np.sqrt(second) / first)
