"""A small rack whose rows are written by hand: noise, a swing of the mounts, and whatever a test adds."""

import numpy as np

from lasercontrol.telemetry.row import Block, Drive, LoggedLaser, Phase, Schema

__all__ = ["COEFFICIENT_PER_K", "rows_of", "schema_of"]

COEFFICIENT_PER_K = -0.008
SWING = (600, 3000)  # rows


def schema_of(n: int, drive: Drive = "current") -> Schema:
    lasers = tuple(LoggedLaser(laser_id=f"L{at}", family="gaas", drive=drive, drive_target=0.1) for at in range(n))
    return Schema(run_id="specimen", started_utc_s=0.0, period_s=1.0, lasers=lasers)


def rows_of(t: int, n: int, seed: int = 0) -> Block:
    """t rows of n lasers at constant current: 0.1 A, 10 mW, 1 mA, 2 V, 25 degrees, the mounts swung early on."""
    rng = np.random.default_rng(seed)
    values = np.empty((t, n, 5), dtype=np.float32)
    values[:] = (0.1, 0.01, 0.001, 2.0, 25.0)
    at = np.arange(t)
    swing = (at >= SWING[0]) & (at < SWING[1])
    mount = np.where(swing, 0.5 * np.sin(2 * np.pi * at / 600), 0.0)[:, None] + 0.02 * rng.standard_normal((t, n))
    values[:, :, 4] += mount
    light = 1 + COEFFICIENT_PER_K * mount
    values[:, :, 1] *= light * (1 + 5e-4 * rng.standard_normal((t, n)))
    values[:, :, 2] *= light * (1 + 5e-4 * rng.standard_normal((t, n)))
    phase = np.where(swing, Phase.DITHER, Phase.STRESS).astype(np.uint8)
    seconds = at.astype(float)
    return Block(
        seq=at + 1,
        monotonic_s=seconds,
        utc_s=1e9 + seconds,
        values=values,
        quality=np.zeros((t, n, 5), dtype=np.uint8),
        phase=np.repeat(phase[:, None], n, axis=1),
        rig=np.full((t, 1), 25.0, dtype=np.float32),
    )
