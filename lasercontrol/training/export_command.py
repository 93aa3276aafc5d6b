"""`lasercontrol export`: what a training has made, as a policy that the program loads without torch."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from agents.policy_file import Manifest, PolicyFileError, load, save
from lasercontrol.errors import CallerError, InputFileError
from lasercontrol.training.run_folder import RunFolder, read_json, training_of
from lasercontrol.training_settings import REINFORCEMENT

__all__ = ["ExportCall", "Exported", "export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCall:
    """What was asked for. out: name of the policy, with or without a folder; without it, `policy` in the run's own.
    scores: file that `evaluate --out` wrote, whose rows go into the manifest.
    """

    run: Path
    out: Path | None = None
    scores: Path | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """Sentences for people, a summary for programs."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]


def export(call: ExportCall) -> Exported:
    """Write NAME.onnx and NAME.json.

    Of a run by reward its best actor, once onnxruntime computes what torch does to 1e-5; of a supervised run the policy
    that passed that gate when it was trained. CallerError where files exist or the gate is not passed, InputFileError
    where the run's files are damaged; then nothing is written.
    """
    folder = RunFolder.found(call.run)
    training = training_of(folder.config())
    made = folder.path / "policy"
    out = call.out or made
    by_reward = training.method in REINFORCEMENT
    if by_reward or out != made:
        _require_new(out)
    if by_reward:
        network, manifest, difference = _actor(folder, out.name)
    else:
        network, manifest, difference = _copied(made, out.name)
    if call.scores is not None:
        manifest = replace(manifest, scores=tuple(_rows(call.scores)))
    try:
        saved = save(out, manifest, network)
    except PolicyFileError as error:
        raise CallerError(f"{error}") from None
    except OSError as error:
        raise CallerError(f"{out} cannot be written: {error.strerror}.") from None
    gate = "" if difference is None else f" torch and onnxruntime differ by {difference:.1e}."
    summary = {"policy": str(saved.path), "sha256": saved.manifest.onnx_sha256, "parity": difference}
    return Exported((f"{saved.path}: {len(network) / 1e6:.2f} MB.{gate}",), summary)


def _require_new(out: Path) -> None:
    stem = out.with_suffix("") if out.suffix in {".onnx", ".json"} else out
    for suffix in (".onnx", ".json"):
        if (path := stem.with_name(stem.name + suffix)).exists():
            raise CallerError(f"{path} exists; nothing is overwritten.")
    if not out.parent.is_dir():
        raise CallerError(f"{out} cannot be written: there is no folder {out.parent}.")


def _actor(folder: RunFolder, name: str) -> tuple[bytes, Manifest, float | None]:
    """The best actor of a run by reward."""
    from agents.learning.onnx_export import ParityError
    from lasercontrol.training.actor_file import actor_file
    from lasercontrol.training.checkpoint import load_weights
    from lasercontrol.training.reinforcement import Learning

    best = read_json(folder.path / "best.json")
    path = folder.path / Path(str(best.get("file"))).name
    content = _content(path, str(best.get("sha256")))
    config = folder.config()
    learning = Learning.fresh(config)
    load_weights(path, content, learning.learner)
    training = training_of(config)
    facts = {"method": training.method, "seed": training.seed, "steps": best.get("steps")}
    facts |= {"versions": read_json(folder.path / "run.json").get("versions")}
    held_out = {"held_out": True, "scenario": config.scenario.name, **dict(best.get("scores") or {})}
    try:
        return actor_file(learning, name.removesuffix(".onnx").removesuffix(".json"), scores=(held_out,), facts=facts)
    except ParityError as error:
        raise CallerError(f"{folder.path}: {error}; nothing was written.") from None


def _copied(made: Path, name: str) -> tuple[bytes, Manifest, float | None]:
    try:
        policy = load(made)
        network = policy.path.read_bytes()
    except (PolicyFileError, OSError) as error:
        raise InputFileError(made, None, f"holds no finished policy: {error}") from None
    name = name.removesuffix(".onnx").removesuffix(".json")
    manifest = policy.manifest if name == made.name else replace(policy.manifest, name=name.removeprefix("policy-"))
    return network, manifest, None


def _content(path: Path, digest: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputFileError(path, None, f"cannot be read: {error.strerror}.") from None
    if sha256(content).hexdigest() != digest:
        raise InputFileError(path, None, "is damaged: its SHA-256 is not the one that best.json names.")
    return content


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = read_json(path).get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputFileError(path, None, "holds no rows of `evaluate --out`.")
    return rows
