"""The catalog: plugins of real distributions, good and broken, and what a name means among them."""

import hashlib
import importlib
import inspect
import sys
import textwrap

import pytest

import eagerloop
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.options import resolve
from eagerloop.cli.choosing import command_of
from eagerloop.cli.listing import options_as_json
from eagerloop.errors import PluginError
from eagerloop.parts import KINDS

GOOD = """
import eagerloop

def mae(*, scale: float = 1.0):
    "Mean absolute error."

@eagerloop.hookimpl
def provide_losses():
    return {"absolute-error": mae}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes distributions as pip would have left them: a module, and a `.dist-info` with metadata and entry points."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    modules = []

    def installer(name, text, *, version="1.0", entry="main", requires=(), attribute=""):
        module = f"module_of_{name.replace('-', '_')}"
        (site / f"{module}.py").write_text(textwrap.dedent(text))
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        (info / "entry_points.txt").write_text(f"[eagerloop]\n{entry} = {module}{attribute}\n")
        importlib.invalidate_caches()
        modules.append(module)

    yield installer
    for module in modules:
        sys.modules.pop(module, None)


def names(catalog, kind):
    """The names of a kind's parts that no built-in has."""
    return [entry.name for entry in catalog.of_kind(kind) if entry.owner.distribution != "eagerloop"]


def test_built_in_parts_come_by_the_entry_point():
    """Each of the five kinds has at least two built-in parts, and nothing is broken."""
    catalog = Catalog.load()
    assert [broken for broken in catalog.broken if broken.owner.distribution == "eagerloop"] == []
    for kind in KINDS[:5]:
        assert len([entry for entry in catalog.of_kind(kind) if entry.owner.distribution == "eagerloop"]) >= 2
    assert catalog.find("model", "iris").owner.version == eagerloop.__version__


def test_a_plugin_is_found_with_its_owner(install):
    """A distribution's part can be found by its name, with `-` or `_`, with or without its owner."""
    install("acme-losses", GOOD, version="2.1")
    catalog = Catalog.load()
    entry = catalog.find("loss", "absolute-error")
    assert catalog.find("loss", "absolute_error") is catalog.find("loss", "acme-losses/absolute-error") is entry
    assert (str(entry.owner), entry.owner.plugin, entry.kind) == ("acme-losses 2.1", "main", "loss")
    assert entry.where == "loss 'absolute-error' of acme-losses 2.1"
    assert entry.location.endswith("module_of_acme_losses.py:4")
    assert catalog.seconds[entry.owner] >= 0


BROKEN = {
    "import-error": ("import no_such_module_at_all", r"ModuleNotFoundError: No module named 'no_such_module_at_all'"),
    "syntax-error": ("def :", r"SyntaxError: invalid syntax \(module_of_syntax_error\.py, line 1\)"),
    "exits": ("raise SystemExit('bye')", r"SystemExit: bye"),
    "raises": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_models():\n    raise RuntimeError('out of order')",
        r"hook 'provide_models' raised RuntimeError: out of order",
    ),
    "no-dict": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_models():\n    return ['mlp']",
        r"provide_models must return \{name: factory\}, got list",
    ),
    "no-factory": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_models():\n    return {'mlp': 3}",
        r"provide_models must return \{name: factory\}, got 'mlp': int",
    ),
    "no-name": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_models():\n    return {3: print}",
        r"provide_models must return \{name: factory\}, got 3: builtin_function_or_method",
    ),
    "twice": (
        "import eagerloop\ndef part(): ...\n@eagerloop.hookimpl\ndef provide_models():\n    return {'a-b': part, 'a_b': part}",
        r"provide_models offers 'a_b' twice \('-' and '_' are the same\)",
    ),
    "two-lines": (
        "raise RuntimeError('first\\nsecond')",
        r"RuntimeError: first second",
    ),
    "exits-in-a-hook": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_losses():\n    raise SystemExit(3)",
        r"hook 'provide_losses' raised SystemExit: 3",
    ),
    "nothing": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_models():\n    return 3",
        r"provide_models must return \{name: factory\}, got int",
    ),
    "slash": (
        "import eagerloop\ndef part(): ...\n@eagerloop.hookimpl\ndef provide_models():\n    return {'a/b': part}",
        r"provide_models offers the name 'a/b', which nobody can type; use letters, digits and hyphens",
    ),
    "blank": (
        "import eagerloop\ndef part(): ...\n@eagerloop.hookimpl\ndef provide_models():\n    return {'a b': part}",
        r"provide_models offers the name 'a b', which nobody can type",
    ),
    "unreadable": (
        "import eagerloop\ndef part(*, n: 'Gone' = 3): ...\n@eagerloop.hookimpl\ndef provide_models(): return {'part': part}",
        r"model 'part': its signature cannot be read \(name 'Gone' is not defined\)",
    ),
    "wrapper": (
        "import eagerloop\n@eagerloop.hookimpl(wrapper=True)\ndef provide_models():\n    return {}",
        r"PluginValidationError: .*provide_models",
    ),
    "misspelt": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_modles():\n    return {}",
        r"there is no hook 'provide_modles'; did you mean 'provide_models'\? Known: provide_checkpointers",
    ),
    "unmarked": (
        "def provide_models():\n    return {}",
        r"it implements no hook; mark one of provide_datasets, .* with @eagerloop\.hookimpl",
    ),
    "argument": (
        "import eagerloop\n@eagerloop.hookimpl\ndef provide_models(seed=1):\n    return {}",
        r"hook 'provide_models' has the argument 'seed=1'; provide_models takes no arguments",
    ),
    "half": (
        (
            "import eagerloop\ndef good(): ...\ndef bad(units=3): ...\n"
            "@eagerloop.hookimpl\ndef provide_losses():\n    return {'half-good': good}\n"
            "@eagerloop.hookimpl\ndef provide_models():\n    return {'half-bad': bad}"
        ),
        r"model 'half-bad': parameter 'units' has no annotation",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_left_out_and_named(install, name):
    """Whatever is wrong with a plugin, its owner and the cause are told, and the others are all there."""
    text, cause = BROKEN[name]
    install(name, text)
    install("acme", GOOD)
    catalog = Catalog.load()
    [broken] = catalog.broken
    assert str(broken).startswith(f"plugin {name} 1.0 (main) is left out: ")
    assert "\n" not in str(broken)
    assert names(catalog, "loss") == ["absolute-error"]
    assert names(catalog, "model") == []
    assert catalog.find("model", "iris")
    with pytest.raises(PluginError, match=rf"there is no model 'half-bad'.*plugin {name} 1\.0 \(main\) is left out: {cause}"):
        catalog.find("model", "half-bad")


def test_all_broken_plugins_together_harm_nobody(install):
    """All of the broken distributions, each told once, and one good one between them."""
    for name, (text, _cause) in BROKEN.items():
        install(name, text)
    install("kindly", GOOD)
    catalog = Catalog.load()
    assert sorted(broken.owner.distribution for broken in catalog.broken) == sorted(BROKEN)
    assert names(catalog, "loss") == ["absolute-error"]


def test_a_heavy_plugin_is_remembered(install, monkeypatch):
    """What it was the first to import is told beside its seconds; the plugin after it found that there already."""
    monkeypatch.setattr("eagerloop.choices.catalog.HEAVY", ("tensorflow", "colorsys"))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    install("acme", "import colorsys\n" + textwrap.dedent(GOOD))
    install("bolt", "import colorsys\n" + textwrap.dedent(GOOD))
    catalog = Catalog.load()
    assert {owner.distribution: name for owner, name in catalog.heavy.items()} == {"acme": "colorsys"}
    assert {"acme", "bolt"} <= {owner.distribution for owner in catalog.seconds}


def test_what_a_plugin_prints_goes_to_stderr(install, capsys):
    """What `plugins --json` prints is to be read by programs."""
    install("chatty", "print('hello')\n" + textwrap.dedent(GOOD))
    Catalog.load()
    assert capsys.readouterr() == ("", "hello\n")


def test_a_misspelt_hook_may_not_be_private(install):
    """A marked function of any name is looked at: the marker says that a hook was meant."""
    install("private", "import eagerloop\n@eagerloop.hookimpl\ndef models():\n    return {}")
    [broken] = Catalog.load().broken
    assert "there is no hook 'models'" in broken.cause


def test_one_name_of_two_owners_must_be_chosen(install):
    """Both owners are named, and each can be had by `DISTRIBUTION/NAME`."""
    install("acme", GOOD)
    install("bolt", GOOD, version="3.0")
    catalog = Catalog.load()
    message = (
        r"loss 'absolute-error' is offered by acme 1\.0 and bolt 3\.0; choose one: acme/absolute-error or bolt/absolute-error"
    )
    with pytest.raises(PluginError, match=message):
        catalog.find("loss", "absolute-error")
    assert catalog.find("loss", "acme/absolute-error").owner.distribution == "acme"
    assert catalog.find("loss", "bolt/absolute_error").owner.distribution == "bolt"
    with pytest.raises(PluginError, match=r"there is no loss 'crane/absolute-error'; did you mean 'absolute-error'\?"):
        catalog.find("loss", "crane/absolute-error")


def test_two_distributions_may_name_their_entry_points_alike(install):
    """Both load: pluggy's own loader would drop the second without a word."""
    install("acme", GOOD, entry="losses")
    install("bolt", GOOD.replace("absolute-error", "other-error"), entry="losses")
    assert sorted(names(Catalog.load(), "loss")) == ["absolute-error", "other-error"]


def test_a_bare_built_in_name_is_the_built_in(install):
    """No package that is installed changes what `mse` means; the stranger's is had by its owner."""
    install("acme", GOOD.replace("absolute-error", "mse"))
    catalog = Catalog.load()
    assert catalog.find("loss", "mse").owner.distribution == "eagerloop"
    assert catalog.find("loss", "eagerloop/mse").owner.distribution == "eagerloop"
    assert catalog.find("loss", "acme/mse").owner.distribution == "acme"


@pytest.mark.parametrize(
    ("requirement", "fits"),
    [
        ("eagerloop>=99", False),
        ("eagerloop (<0.0.1)", False),
        ("eagerloop", True),
        ("eagerloop>=0.0.1", True),
        ("eagerloop-extras>=99", True),
        ('eagerloop>=99; extra == "new"', True),
        ("numpy>=1", True),
    ],
)
def test_a_plugin_for_a_newer_eagerloop_is_left_out(install, requirement, fits):
    """Although pip lets it be installed; it is said what it needs and what runs. Extras and other packages do not count."""
    install("acme", GOOD, requires=["numpy", requirement])
    catalog = Catalog.load()
    assert names(catalog, "loss") == (["absolute-error"] if fits else [])
    if not fits:
        assert catalog.broken[0].cause.startswith("it needs eagerloop")
        assert catalog.broken[0].cause.endswith(f", and this is eagerloop {eagerloop.__version__}")


@pytest.mark.parametrize(
    ("allowed", "loaded"),
    [
        (None, ["acme-one", "bolt"]),
        ("", []),
        ("bolt", ["bolt"]),
        ("ACME_one", ["acme-one"]),
        (" bolt , acme-one", ["acme-one", "bolt"]),
    ],
)
def test_allow_list_keeps_plugins_from_being_imported(install, monkeypatch, allowed, loaded):
    """What EAGERLOOP_PLUGINS does not name is never imported; an empty list allows the built-in parts alone."""
    install("acme-one", GOOD)
    install("bolt", GOOD.replace("absolute-error", "other-error"))
    if allowed is None:
        monkeypatch.delenv("EAGERLOOP_PLUGINS", raising=False)
    else:
        monkeypatch.setenv("EAGERLOOP_PLUGINS", allowed)
    catalog = Catalog.load()
    found = {entry.owner.distribution for entry in catalog.entries} - {"eagerloop"}
    assert sorted(found) == loaded
    assert catalog.find("model", "iris")
    assert ("module_of_acme_one" in sys.modules) == ("acme-one" in loaded)


def test_a_class_is_a_plugin_too(install):
    """An entry point may lead to a class: it is made once, and its methods are the hooks."""
    text = """
        import eagerloop

        def mae(): ...

        class Plugin:
            @eagerloop.hookimpl
            def provide_losses(self):
                return {"absolute-error": mae}
    """
    install("acme", text, attribute=":Plugin")
    install("bolt", text)  # this one leads to the module, where nothing is marked
    catalog = Catalog.load()
    assert [(entry.name, str(entry.owner)) for entry in catalog.of_kind("loss") if entry.owner.distribution != "eagerloop"] == [
        ("absolute-error", "acme 1.0")
    ]
    assert "it implements no hook" in catalog.broken[0].cause


def test_plugin_files_are_loaded_after_the_installed_ones(tmp_path):
    """A file with hooks is a plugin, and its digest is its version."""
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    catalog = Catalog.load([path])
    entry = catalog.find("loss", "absolute-error")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert catalog.files == {str(path): digest}
    assert (entry.owner.distribution, entry.owner.version) == ("mine.py", digest[:12])
    assert catalog.find("loss", "mine.py/absolute-error") is entry
    assert catalog.entries[-1] is entry


def test_a_broken_plugin_file_is_refused(tmp_path):
    """Who names a file wants it: its fault ends the command."""
    path = tmp_path / "mine.py"
    path.write_text("1 / 0")
    with pytest.raises(
        PluginError, match=r"plugin mine.py .* is left out: plugin file .*mine\.py cannot be imported: ZeroDivisionError"
    ):
        Catalog.load([path])
    with pytest.raises(PluginError, match=r"plugin file .*gone\.py cannot be read: No such file or directory"):
        Catalog.load([tmp_path / "gone.py"])


def test_a_file_cannot_pass_for_the_built_in_parts(tmp_path):
    """A plugin file that happens to be called eagerloop.py is a stranger like any other."""
    path = tmp_path / "eagerloop.py"
    path.write_text(GOOD.replace("absolute-error", "mse"))
    catalog = Catalog.load([path])
    assert catalog.find("loss", "mse").factory is Catalog.load().find("loss", "mse").factory
    assert catalog.find("loss", "eagerloop.py/mse").owner.plugin == str(path)


def test_parts_in_files(tmp_path):
    """`path/to/file.py:NAME` is a part without a plugin around it; its file's digest is its version."""
    path = tmp_path / "parts.py"
    path.write_text("class Tiny:\n    'A tiny model.'\n    def __init__(self, units: int = 3): ...\n")
    entry = Catalog.load().find("model", f"{path}:Tiny")
    assert (entry.kind, entry.name, entry.owner.distribution) == ("model", f"{path}:Tiny", str(path))
    assert len(entry.owner.version) == 12
    assert entry.location == f"{path}:3"


def test_a_signature_is_read_once(monkeypatch):
    """When the part is found. Its options are kept with it: for the command line, for a listing, for a run."""
    signature, read = inspect.signature, []
    monkeypatch.setattr(inspect, "signature", lambda factory, **options: read.append(factory) or signature(factory, **options))

    entry = Catalog.load().find("model", "mlp")
    command_of(["--model", "mlp"], lambda *_: None, [])
    assert options_as_json(entry)
    assert resolve(entry.options, {}, entry.where)

    assert read.count(entry.factory) == 2  # once for each of the two catalogs


def test_missing_names_in_files_are_answered_with_the_nearest(tmp_path):
    """What a file has is told; what it keeps private is not."""
    path = tmp_path / "parts.py"
    path.write_text("def tiny(): ...\ndef _hidden(): ...\nsize = 3\n")
    message = r"parts\.py has no function or class 'tinny'; did you mean 'tiny'\? Known: tiny$"
    with pytest.raises(PluginError, match=message):
        Catalog().find("model", f"{path}:tinny")
    with pytest.raises(PluginError, match=r"has no function or class 'size'"):
        Catalog().find("model", f"{path}:size")


def test_unknown_names_are_answered_with_the_nearest():
    """All known names follow."""
    with pytest.raises(PluginError, match=r"there is no optimizer 'adm'; did you mean 'adam'\? Known: .*sgd"):
        Catalog.load().find("optimizer", "adm")
    with pytest.raises(PluginError, match=r"there is no model 'mlp'; Known: none$"):
        Catalog().find("model", "mlp")
