"""What scikit-learn's classifiers compute once they are trained, as torch modules that export with everything else.

They see one frame of features: (batch, bands, 1). Their numbers are parameters that nothing trains any more; how many
there are depends on what they were fitted to, and loading weights gives them their shapes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """Features (batch, bands, 1) and lengths (batch,) to logits (batch, classes)."""

    def keep(self, **tensors: Tensor) -> None:
        """Hold what was learnt: numbers as parameters without gradients, places as buffers."""
        for name, tensor in tensors.items():
            if tensor.is_floating_point():
                self.register_parameter(name, nn.Parameter(tensor.float(), requires_grad=False))
            else:
                self.register_buffer(name, tensor.long())

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        del lengths  # of one frame each
        return self.logits(features[:, :, 0])

    def logits(self, features: Tensor) -> Tensor:
        """(batch, bands) to (batch, classes)."""
        raise NotImplementedError

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name in [*self._parameters, *self._buffers]:
            if (loaded := state_dict.get(prefix + name)) is not None:
                self.keep(**{name: torch.empty_like(loaded)})
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class Linear(Classifier):
    """Logistic regression."""

    def __init__(self, class_count: int, bands: int) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        self.keep(weight=torch.zeros(class_count, bands), bias=torch.zeros(class_count))

    def logits(self, features: Tensor) -> Tensor:
        """Product and bias."""
        return features @ self.weight.T + self.bias


class Kernel(Classifier):
    """Support vector machines with Gaussian kernels, one a class against the rest, over shared support vectors."""

    def __init__(self, class_count: int, bands: int) -> None:
        super().__init__()
        self.vectors: Tensor
        self.coefficients: Tensor
        self.bias: Tensor
        self.gamma: Tensor
        self.keep(
            vectors=torch.zeros(1, bands),
            coefficients=torch.zeros(class_count, 1),
            bias=torch.zeros(class_count),
            gamma=torch.ones(1),
        )

    def logits(self, features: Tensor) -> Tensor:
        """Signed distances from each class' border, in margins."""
        squares = features.square().sum(1)[:, None] + self.vectors.square().sum(1)[None]
        distances = (squares - 2 * features @ self.vectors.T).clamp(min=0)
        return torch.exp(-self.gamma * distances) @ self.coefficients.T + self.bias


class Forest(Classifier):
    """Sums of decision trees; a forest's are shares of classes, whose logarithm is taken.

    Trees lie behind each other: `roots` are their first nodes, and a leaf leads to itself.
    """

    def __init__(self, class_count: int, bands: int, *, shares: bool) -> None:
        super().__init__()
        del bands
        self.shares = shares
        self.feature: Tensor
        self.threshold: Tensor
        self.left: Tensor
        self.right: Tensor
        self.roots: Tensor
        self.depth: Tensor
        self.value: Tensor
        one = torch.zeros(1, dtype=torch.long)
        self.keep(feature=one, left=one, right=one, roots=one, depth=one)
        self.keep(threshold=torch.zeros(1), value=torch.zeros(1, class_count))

    def logits(self, features: Tensor) -> Tensor:
        """Walk all trees at once, a level at a time."""
        node = self.roots[None].expand(features.shape[0], -1)
        for _ in range(int(self.depth)):
            below = features.gather(1, self.feature[node]) <= self.threshold[node]
            node = torch.where(below, self.left[node], self.right[node])
        total = self.value[node].sum(1)
        return torch.log(total.clamp(min=0) + 1e-3) if self.shares else total
