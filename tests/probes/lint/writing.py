"""Experiments in which one thing is wrong: a clean one, each of whose keys a test may replace."""

from chaosmongo.lint import Finding, lint

ACTIONS, PROBES = "type: python, module: chaosmongo.actions", "type: python, module: chaosmongo.probes"
STOP = f"{{name: stop, type: action, provider: {{{ACTIONS}, func: stop_workload}}}}"

CLEAN = {
    "title": "Do the scores survive?",
    "description": "One thing is tried",
    "configuration": "{recovery_timeout_s: {type: env, key: TIMEOUT_S, default: 10, env_var_type: float}}",
    "secrets": "{}",
    "runtime": "{hypothesis: {strategy: default}, rollbacks: {strategy: always}}",
    "controls": "[{name: record, provider: {type: python, module: chaosmongo.controls.record}}]",
    "steady-state-hypothesis": f"{{title: it is there, probes: [{{name: there, type: probe, tolerance: true, "
    f"provider: {{{PROBES}, func: mongo_is_available}}}}]}}",
    "method": f"[{{name: seed, type: action, provider: {{{ACTIONS}, func: seed_high_scores, "
    'arguments: {timeout_s: "${recovery_timeout_s}"}}}]',
    "rollbacks": f"[{STOP}]",
}
"""One key, one line."""


def experiment(**parts: str) -> str:
    """With these keys in the place of the clean ones; "-" leaves one out; _ in a name is the - of YAML."""
    replaced = {key.replace("_", "-"): value for key, value in parts.items()}
    found = {**CLEAN, **replaced}
    return "".join(f"{key}: {value}\n" for key, value in found.items() if value != "-")


def findings(**parts: str) -> list[Finding]:
    return lint(experiment(**parts))


def told(**parts: str) -> list[str]:
    """What is found, without lines and remedies."""
    return [finding.what for finding in findings(**parts)]


def method(*activities: str) -> dict[str, str]:
    return {"method": f"[{', '.join(activities)}]"}


def action(func: str, arguments: str = "{}", more: str = "") -> str:
    """One of ours. more: other keys of it, like "background: true"."""
    end = f", {more}" if more else ""
    return f"{{name: {func}, type: action, provider: {{{ACTIONS}, func: {func}, arguments: {arguments}}}{end}}}"


def probe(tolerance: str, provider: str = f"{PROBES}, func: mongo_is_available") -> dict[str, str]:
    """The hypothesis with one probe. tolerance "-" leaves it out."""
    end = "" if tolerance == "-" else f", tolerance: {tolerance}"
    return {
        "steady_state_hypothesis": f"{{title: t, probes: [{{name: p, type: probe, provider: {{{provider}}}{end}}}]}}"
    }


def configuration(entries: str) -> dict[str, str]:
    """Beside the one that the clean method uses."""
    return {"configuration": f"{{recovery_timeout_s: 10, {entries}}}"}
