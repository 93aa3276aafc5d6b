"""The `training` section of a config: what is trained, on which lasers, how it is scored, when it is good enough."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "REINFORCEMENT",
    "CurriculumSettings",
    "FramesSettings",
    "GoalSettings",
    "HeldOutSettings",
    "NetworkSettings",
    "ObservationSettings",
    "ReinforcementSettings",
    "TrainingSettings",
    "YieldsSettings",
]

Real = Annotated[float, Field(strict=True)]  # strict: `true` and "12" are no numbers
Count = Annotated[int, Field(strict=True)]
Shown = Literal["frog", "marginals", "autocorrelation", "shg", "spectrum"]

REINFORCEMENT = ("sac", "tqc", "crossq", "ppo")
"""Methods of `training.method` that learn by reward; the others are supervised."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class ObservationSettings(_Settings):
    """What the actor is shown; the keys are those of `lasercontrol.observation`."""

    shown: tuple[Shown, ...] = Field(default=("frog",), min_length=1)
    """Diagnostics."""
    n_history: Count = Field(default=4, ge=0, le=64)
    """How many earlier shots' knobs, actions and signals: one trace cannot tell a pulse from its time reverse."""
    n_frames: Count = Field(default=1, ge=1, le=16)
    """FROG traces, the newest last."""
    n_delay: Count = Field(default=64, ge=8, le=256)
    """Delays of a trace."""
    n_frequency: Count = Field(default=64, ge=8, le=256)
    """Frequencies of a trace."""


class NetworkSettings(_Settings):
    """Actor and critic."""

    images: Literal["projected", "pooled", "cnn"] = "projected"
    """projected: principal components of random shots' traces, fixed; pooled: means of 4 × 4 pixels; cnn: convolutions
    as in the published work, ten times as slow."""
    projections: Count = Field(default=64, ge=2, le=512)
    """How many principal components."""
    actor: tuple[Count, ...] = (256, 256)
    """Widths of the hidden layers."""
    critic: tuple[Count, ...] = (256, 256)
    """The same of critic or value function."""
    activation: Literal["relu", "tanh"] = "relu"
    """Between the layers."""
    first_spread: Real = Field(default=0.15, gt=0, le=2)
    """Of ppo: standard deviation of an action at first, where 1 is the greatest step; the others find their own."""
    critic_sees: Literal["same", "hidden", "state"] = "same"
    """same: what the actor sees; hidden: besides, the hidden plant; state: knobs, signal and hidden plant, no trace."""


class CurriculumSettings(_Settings):
    """Ranges of what is hidden that widen as success allows; 1 is the scenario's own range."""

    start: Real = Field(default=0.2, gt=0, le=1)
    """Width at which every range begins."""
    success_share: Real = Field(default=0.9, gt=0, le=1.5)
    """An episode succeeds where its last shot has so much of the best that this B allows."""
    success_rate: Real = Field(default=0.5, gt=0, lt=1)
    """The ranges widen while more of the episodes succeed, and narrow while fewer than half of that do."""
    window: Count = Field(default=200, ge=1, le=100_000)
    """Episodes between two decisions."""
    step_nats: Real = Field(default=0.2, gt=0, le=5)
    """Greatest change of the entropy of all ranges together at a decision."""


class HeldOutSettings(_Settings):
    """Scoring on lasers that are never trained on, at full fidelity."""

    every_steps: Count = Field(default=10_000, ge=1)
    """Training steps between two evaluations; a checkpoint is written at each."""
    lasers: Count = Field(default=64, ge=1, le=10_000)
    """How many."""
    seed: Count = Field(default=1_000_003, ge=0, lt=2**63)
    """Of these lasers and their noise."""


class GoalSettings(_Settings):
    """When training has done its work and stops early: all at once."""

    share: Real = Field(default=0.985, gt=0, le=1)
    """Mean share of the best reachable at the last shot."""
    median_shots: Real = Field(default=5.0, ge=1)
    """Median shots to 95 % of the best reachable."""


class ReinforcementSettings(_Settings):
    """Learning by reward with stable-baselines3 on the batched environment."""

    steps: Count = Field(default=200_000, ge=1)
    """Shots of all lasers together; a run that is resumed may be given more."""
    lanes: Count = Field(default=16, ge=1, le=1024)
    """Lasers side by side."""
    shots: Count | None = Field(default=None, ge=2, le=1000)
    """Of one episode; without it, the scenario's."""
    reward: Literal["gain", "strehl", "published"] = "gain"
    """gain: of the measured log signal; strehl: the true share of the transform limit; published: the latter x as
    min(x + 0.2/(1-x) - 0.2, 7) - 0.1."""
    observation: ObservationSettings = ObservationSettings()
    """What the actor is shown."""
    network: NetworkSettings = NetworkSettings()
    """Actor and critic."""
    algorithm: dict[str, bool | int | float | str] = {}
    """Arguments of the algorithm by its own names, as learning_rate; what is absent is the library's default."""
    curriculum: CurriculumSettings | None = None
    """Without it, every episode is drawn from the scenario's whole ranges."""
    held_out: HeldOutSettings = HeldOutSettings()
    """Scoring on the way."""
    goal: GoalSettings | None = None
    """Without it, training ends with its steps."""


class FramesSettings(_Settings):
    """Supervised learning from FROG traces of drawn lasers of the scenario."""

    name: str = Field(default="frames", pattern=r"^[a-z0-9-]+$")
    """Of the policy: its files are policy-NAME.onnx and policy-NAME.json."""
    lasers: Count = Field(default=49_152, ge=8)
    """How many are drawn, in jobs of about 512."""
    shots: Count = Field(default=32, ge=1, le=1000)
    """Traces of each."""
    b_range_rad: tuple[Real, Real] = (0.8, 3.8)
    """B is drawn uniformly from this."""
    as_usual: Real = Field(default=0.5, ge=0, le=1)
    """Share of the lasers with the usual 2 % error of the spectrum and the usual noise; the others are spread."""
    spectrum_errors: tuple[Real, Real] = (0.02, 0.12)
    """Of the others: rms relative error of the spectrum as measured, uniform."""
    noises: tuple[Real, Real] = (0.3, 4.0)
    """Of the others: noise in multiples of the usual, log-uniform."""
    rippled: Real = Field(default=0.35, ge=0, le=1)
    """Share of the lasers whose optics have a random smooth phase that no knob undoes."""
    ripples_rad: tuple[Real, Real] = (0.0, 0.4)
    """Its rms over the light, uniform."""
    projections: Count = Field(default=160, ge=2, le=1024)
    """Principal components of the trace, and as many of its root."""
    sees_knobs: bool = False
    """Whether the knobs are inputs: needed where they change what the amplifier does to the pulse."""
    far_width: Count = Field(default=512, ge=8, le=4096)
    """Of the expert for traces far from the optimum."""
    near_width: Count = Field(default=384, ge=8, le=4096)
    """Of the one for traces near it."""
    far_steps: Count = Field(default=64_000, ge=1)
    """Steps of 256 traces."""
    near_steps: Count = Field(default=64_000, ge=1)
    """The same of the other."""
    signal_steps: Count = Field(default=12_000, ge=1)
    """Of the network that expects a signal."""
    processes: Count = Field(default=2, ge=1, le=64)
    """Side by side, of one thread each; what comes out does not depend on it."""
    scored_lasers: Count = Field(default=64, ge=0, le=10_000)
    """On so many lasers of the scenario the policy is scored in the end, at full fidelity; into its manifest."""


class YieldsSettings(_Settings):
    """Supervised learning of the second-harmonic yield over the way to the optimum and B."""

    name: str = Field(default="yields", pattern=r"^[a-z0-9-]+$")
    """Of the policy: its files are policy-NAME.onnx and policy-NAME.json."""
    b_range_rad: tuple[Real, Real] = (0.8, 3.8)
    """What B may be; yields are learned from 0.4 times the lowest to 1.5 times the highest."""
    points: Count = Field(default=600_000, ge=100)
    """How many yields are drawn."""
    widths: tuple[Annotated[int, Field(strict=True, ge=1, le=4096)], ...] = Field(default=(64, 64), min_length=1)
    """Of the hidden layers."""
    steps: Count = Field(default=60_000, ge=1)
    """Steps of 512 yields."""


class TrainingSettings(_Settings):
    """How an agent is trained (`lasercontrol train`)."""

    method: Literal["frames", "yields", "sac", "tqc", "crossq", "ppo"]
    """frames, yields: supervised, from simulated readings; sac, tqc, crossq, ppo: learning by reward."""
    seed: Count = Field(default=0, ge=0, lt=2**63)
    """Of all randomness."""
    reinforcement: ReinforcementSettings | None = None
    """For sac, tqc, crossq and ppo; without it, the defaults."""
    frames: FramesSettings | None = None
    """For frames; without it, the defaults."""
    yields: YieldsSettings | None = None
    """For yields; without it, the defaults."""

    @model_validator(mode="after")
    def _fits_the_method(self) -> Self:
        if self.reinforcement is not None and self.method not in REINFORCEMENT:
            raise ValueError(f"holds `reinforcement`, which belongs to {', '.join(REINFORCEMENT)}, not {self.method}")
        if self.frames is not None and self.method != "frames":
            raise ValueError(f"holds `frames`, which belongs to the method of that name, not to {self.method}")
        if self.yields is not None and self.method != "yields":
            raise ValueError(f"holds `yields`, which belongs to the method of that name, not to {self.method}")
        return self
