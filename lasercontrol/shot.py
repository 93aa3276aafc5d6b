"""From a bench's reading to what an agent is told."""

from dataclasses import replace

import numpy as np

from lasercontrol.bench import Channel, Floats, Reading

__all__ = ["features_of", "folded", "lane_of", "signal_of"]


def signal_of(reading: Reading) -> Floats:
    """Second-harmonic yield at equal energy, shape (...), through the unknown scale of whichever channel shows it.

    KeyError where no channel of the reading carries a second-harmonic signal.
    """
    channels = reading.channels
    if "shg" in channels:
        return channels["shg"].values
    if "frog" in channels:
        signal = channels["frog"].signal
        return np.asarray(signal[..., signal.shape[-2] // 2, :].sum(axis=-1) / reading.energy**2)
    if "autocorrelation" in channels:
        signal = channels["autocorrelation"].signal
        return np.asarray(signal[..., signal.shape[-1] // 2] / reading.energy**2)
    raise KeyError(f"no channel of {sorted(channels)} shows a second-harmonic signal: agents need one to improve")


def features_of(reading: Reading) -> Floats:
    """The observation that a forward model predicts, shape (..., p), at equal energy.

    With a FROG the folded half trace, delays first; else the folded autocorrelation; else the yield alone.
    """
    per_energy = 1 / reading.energy**2
    if "frog" in reading.channels:
        half = folded(reading.channels["frog"], -2)
        return half.reshape(*half.shape[:-2], -1) * per_energy[..., None]
    if "autocorrelation" in reading.channels:
        return folded(reading.channels["autocorrelation"], -1) * per_energy[..., None]
    return signal_of(reading)[..., None]


def lane_of(reading: Reading, lane: int) -> Reading:
    """The reading of one laser of a one-dimensional batch, without batch axes."""
    channels = {
        name: replace(
            channel, values=channel.values[lane], gain=None if channel.gain is None else np.asarray(channel.gain[lane])
        )
        for name, channel in reading.channels.items()
    }
    energy, quality = np.asarray(reading.energy[lane]), np.asarray(reading.quality[lane])
    return replace(reading, channels=channels, energy=energy, quality=quality)


def folded(channel: Channel, delay_axis: int) -> Floats:
    """Mean of the two halves of a signal that is even in the delay: delays 0 … n/2 - 1, half of the noise power."""
    signal = np.moveaxis(channel.signal, delay_axis, -1)
    middle = signal.shape[-1] // 2
    ahead, behind = signal[..., middle:], signal[..., middle:0:-1]
    return np.moveaxis((ahead + behind) / 2, -1, delay_axis)
