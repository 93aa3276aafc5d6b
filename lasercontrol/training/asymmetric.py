"""Policies of stable-baselines3 whose actor and critic read different keys: only the critic may see the hidden plant.

`features_extractor_kwargs` holds two views, `actor` and `critic`. A policy for deployment is the actor alone, so what
the critic needs besides is never asked for at a bench.
"""

from typing import Any

from sb3_contrib.crossq.policies import Actor as CrossQActor
from sb3_contrib.crossq.policies import CrossQCritic, CrossQPolicy
from sb3_contrib.tqc.policies import Actor as TqcActor
from sb3_contrib.tqc.policies import Critic as TqcCritic
from sb3_contrib.tqc.policies import TQCPolicy
from stable_baselines3.common.policies import ActorCriticPolicy, ContinuousCritic
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.sac.policies import Actor as SacActor
from stable_baselines3.sac.policies import SACPolicy
from torch import nn

from lasercontrol.training.features import Features

__all__ = ["CrossQViews", "PpoViews", "SacViews", "TqcViews"]


class SacViews(SACPolicy):
    """SAC."""

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> SacActor:  # noqa: ARG002
        """The actor, on its view."""
        return super().make_actor(_features(self, "actor"))

    def make_critic(self, features_extractor: BaseFeaturesExtractor | None = None) -> ContinuousCritic:  # noqa: ARG002
        """The critic or its target, on the critic's view."""
        return super().make_critic(_features(self, "critic"))


class TqcViews(TQCPolicy):
    """TQC."""

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> TqcActor:  # noqa: ARG002
        """The actor, on its view."""
        return super().make_actor(_features(self, "actor"))

    def make_critic(self, features_extractor: BaseFeaturesExtractor | None = None) -> TqcCritic:  # noqa: ARG002
        """The critic or its target, on the critic's view."""
        return super().make_critic(_features(self, "critic"))


class CrossQViews(CrossQPolicy):
    """CrossQ."""

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> CrossQActor:  # noqa: ARG002
        """The actor, on its view."""
        return super().make_actor(_features(self, "actor"))

    def make_critic(self, features_extractor: BaseFeaturesExtractor | None = None) -> CrossQCritic:  # noqa: ARG002
        """The critic, on its view."""
        return super().make_critic(_features(self, "critic"))


class PpoViews(ActorCriticPolicy):
    """PPO. It wants as many features for the policy as for the value: the actor's view blanks what it must not see."""

    def make_features_extractor(self) -> BaseFeaturesExtractor:
        """The first that is asked for is the actor's, the second the value function's."""
        first = not isinstance(getattr(self, "features_extractor", None), nn.Module)
        return _features(self, "actor" if first else "critic")


def _features(policy: Any, role: str) -> Features:
    return Features(policy.observation_space, policy.features_extractor_kwargs[role])
