"""FROG traces per second on torch: the same lines of `sim`, given tensors of one device."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from lasercontrol.scenario import default_amplitude, draw_lasers, scenario_for
from sim.chain import FastChain, Laser
from sim.detector import Camera, exposed
from sim.diagnostics import limit_yield, signals
from sim.frog import FrogAxes
from sim.grid import FAST_GRID, FULL_GRID

__all__ = ["TorchLasers", "device_lanes"]

STRIDE = FULL_GRID.n // FAST_GRID.n


@dataclass(frozen=True, slots=True)
class TorchLasers:
    """Hidden lasers of `wide` as float32 tensors: from settings (lanes, 3) to FROG frames in counts."""

    chain: FastChain
    reference_yield: Any
    axes: FrogAxes
    camera: Camera

    @classmethod
    def drawn(cls, lanes: int, device: str, seed: int = 0) -> "TorchLasers":
        """So many different lasers on a torch device."""
        import torch

        laser = draw_lasers(scenario_for("wide"), min(lanes, 256), np.random.default_rng(seed)).laser
        rows = np.resize(np.arange(len(laser.b_rad)), lanes)  # 256 different spectra serve all lanes in turn

        def tensor(values: np.ndarray[Any, Any]) -> Any:
            return torch.asarray(values, dtype=torch.float32, device=device)

        amplitude = tensor(np.ascontiguousarray(laser.amplitude[:, ::STRIDE]))[rows]
        chain = FastChain(
            Laser(
                amplitude=amplitude, b_rad=tensor(laser.b_rad[rows]), offset=tensor(laser.offset[rows]), grid=FAST_GRID
            )
        )
        reference = tensor(np.full(lanes, limit_yield(default_amplitude(), FULL_GRID)))
        return cls(chain, reference, FrogAxes(), Camera())

    def light(self, settings: Any) -> Any:
        """Noise-free half traces, shape (lanes, 33, 64)."""
        spectrum = self.chain.spectrum_after(settings)
        return signals(spectrum, FAST_GRID, self.reference_yield, ("frog",), self.axes)["frog"]

    def frames(self, settings: Any) -> Any:
        """The same as a camera shows them, with noise, in counts."""
        import torch

        light = self.light(settings)
        return exposed(light, torch.randn_like(light), self.camera, 2)[0]


def device_lanes(device: str, *, lanes: int, slice_s: float = 1.0) -> dict[str, Any]:
    """Lanes with FROG per second of wall time, without and with the camera; best of five.

    Raises RuntimeError as torch does where the device is not there.
    """
    import torch

    if device == "cpu":
        torch.set_num_threads(1)
    lasers = TorchLasers.drawn(lanes, device)
    generator = torch.Generator(device="cpu").manual_seed(0)
    settings = (torch.rand((lanes, 3), generator=generator) - 0.5).to(device) * torch.tensor([32.0, 98.0, 360.0]).to(
        device
    )
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, one thread"
    rates = {}
    with torch.inference_mode():
        for what, work in (("frog", lasers.light), ("frog_with_camera", lasers.frames)):
            rates[what] = lanes / min(_wall_s(work, settings, slice_s) for _ in range(5))
    return {"device": device, "name": name, "torch": torch.__version__, "lanes": lanes, "lanes_per_s": rates}


def _wall_s(work: Any, settings: Any, slice_s: float) -> float:
    """Seconds per call over about a slice of time; a device that works on its own is waited for."""
    import torch

    def wait() -> None:
        if settings.is_cuda:
            torch.cuda.synchronize()

    work(settings)
    wait()
    calls, start_s = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - start_s < slice_s:
        work(settings)
        wait()
        calls += 1
    return (time.perf_counter() - start_s) / calls
