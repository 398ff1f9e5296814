"""Real tables out of packages, each as its owner would have it in a file: which, from where, and what is to be predicted.

A table is a file of its package, byte for byte, where it lies there as text; else what `to_csv` makes of it. Six small ones,
which are in the public domain by the word of statsmodels, stand beside this file for the tests, in `real_tables_shipped`.
"""

import importlib.util
import io
import tarfile
from pathlib import Path
from typing import NamedTuple

LICENCES = {
    "sklearn": "BSD-3-Clause (scikit-learn)",
    "statsmodels": "BSD-3-Clause (statsmodels); of the data each its own word, below",
    "vega_datasets": "MIT (vega_datasets)",
    "pydataset": "MIT (pydataset, which collects the data of R's packages)",
}
SHIPPED = Path(__file__).with_name("real_tables_shipped")
PUBLIC, ALLOWED = "public domain", "with permission of the author"


class RealTable(NamedTuple):
    """A table: its name, the package that holds it, where it lies there, the column to predict, a licence of its own."""

    name: str
    package: str
    place: str
    target: str
    licence: str = ""


def _of(package, *rows):
    return [RealTable(place.rpartition("/")[2], package, place, *others) for place, *others in rows]


TABLES = [
    *_of(
        "sklearn",
        ("iris", "target"),
        ("wine", "target"),
        ("breast_cancer", "target"),
        ("diabetes", "target"),
        ("digits", "target"),
    ),
    *_of(
        "statsmodels",
        ("anes96", "vote", PUBLIC),
        ("ccard", "AVGEXP", ALLOWED),
        ("co2", "co2", PUBLIC),
        ("copper", "WORLDCONSUMPTION", ALLOWED),
        ("elnino", "DEC", PUBLIC),
        ("engel", "foodexp", PUBLIC),
        ("fair", "affairs", ALLOWED),
        ("fertility", "2011", "World Bank terms of use"),
        ("grunfeld", "invest", PUBLIC),
        ("longley", "TOTEMP", PUBLIC),
        ("macrodata", "realgdp", PUBLIC),
        ("modechoice", "choice", PUBLIC),
        ("randhie", "mdvis", PUBLIC),
        ("spector", "GRADE", ALLOWED),
        ("star98", "PR50M", ALLOWED),
        ("statecrime", "murder", PUBLIC),
        ("sunspots", "SUNACTIVITY", PUBLIC),
    ),
    *_of(
        "vega_datasets",
        ("airports", "longitude"),
        ("barley", "yield"),
        ("cars", "Miles_per_Gallon"),
        ("iowa-electricity", "net_generation"),
        ("la-riots", "type"),
        ("seattle-temps", "temp"),
        ("seattle-weather", "weather"),
        ("stocks", "price"),
        ("us-employment", "nonfarm"),
    ),
    *_of(
        "pydataset",
        ("COUNT/medpar", "los"),
        ("COUNT/rwm5yr", "docvis"),
        ("COUNT/titanic", "survived"),
        ("Ecdat/Caschool", "testscr"),
        ("Ecdat/Computers", "price"),
        ("Ecdat/Crime", "crmrte"),
        ("Ecdat/Fishing", "mode"),
        ("Ecdat/Hdma", "deny"),
        ("Ecdat/Housing", "price"),
        ("Ecdat/Journals", "citestot"),
        ("Ecdat/Mroz", "work"),
        ("Ecdat/Star", "tmathssk"),
        ("HSAUR/Forbes2000", "marketvalue"),
        ("HistData/GaltonFamilies", "childHeight"),
        ("KMsurv/pneumon", "hospital"),
        ("MASS/Aids2", "status"),
        ("MASS/Boston", "medv"),
        ("MASS/Cars93", "Price"),
        ("MASS/Pima.tr2", "type"),
        ("MASS/UScereal", "calories"),
        ("MASS/biopsy", "class"),
        ("MASS/cpus", "perf"),
        ("MASS/quine", "Days"),
        ("MASS/survey", "Pulse"),
        ("car/Chile", "vote"),
        ("car/Prestige", "prestige"),
        ("car/SLID", "wages"),
        ("car/Salaries", "salary"),
        ("datasets/airquality", "Ozone"),
        ("datasets/mtcars", "mpg"),
        ("datasets/quakes", "mag"),
        ("ggplot2/economics", "unemploy"),
        ("ggplot2/midwest", "percbelowpoverty"),
        ("ggplot2/mpg", "hwy"),
        ("ggplot2/msleep", "sleep_total"),
        ("lme4/sleepstudy", "Reaction"),
        ("plyr/baseball", "hr"),
        ("pscl/presidentialElections", "demVote"),
        ("psych/bfi", "age"),
        ("reshape2/tips", "tip"),
        ("robustbase/ambientNOxCH", "zg"),
        ("rpart/cu.summary", "Price"),
        ("survival/flchain", "death"),
        ("survival/pbc", "status"),
        ("vcd/Bundesliga", "HomeGoals"),
    ),
]


def shipped():
    """The tables that stand beside this file."""
    return [table for table in TABLES if (SHIPPED / f"{table.name}.csv").exists()]


def is_there(table):
    """Whether a table can be read: its package is installed, or it stands beside this file."""
    return table in shipped() or importlib.util.find_spec(table.package) is not None


def write(table, folder):
    """Writes a table into a folder, and returns the file."""
    data = (SHIPPED / f"{table.name}.csv").read_bytes() if table in shipped() else READERS[table.package](table)
    path = Path(folder) / f"{table.name}.csv"
    path.write_bytes(data)
    return path


def _home(package):
    return Path(importlib.util.find_spec(package).submodule_search_locations[0])


def _from_sklearn(table):
    from sklearn import datasets

    return getattr(datasets, f"load_{table.place}")(as_frame=True).frame.to_csv(index=False).encode()


def _from_statsmodels(table):
    return (_home("statsmodels") / "datasets" / table.place / f"{table.place}.csv").read_bytes()


def _from_vega(table):
    data = _home("vega_datasets") / "_data"
    if (data / f"{table.place}.csv").exists():
        return (data / f"{table.place}.csv").read_bytes()
    import pandas as pd

    return pd.read_json(data / f"{table.place}.json").to_csv().encode()


def _from_pydataset(table):
    with tarfile.open(fileobj=io.BytesIO((_home("pydataset") / "resources.tar.gz").read_bytes())) as archive:
        return archive.extractfile(f"resources/rdata/csv/{table.place}.csv").read()


READERS = {
    "sklearn": _from_sklearn,
    "statsmodels": _from_statsmodels,
    "vega_datasets": _from_vega,
    "pydataset": _from_pydataset,
}
