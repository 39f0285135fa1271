"""The names that the MIBs give to numbers: the Printer MIB (RFC 3805) and the Host Resources MIB (RFC 2790).

They are in lower case. Each table has a name for numbers that the MIB does not define, which printers report.
"""

from typing import Final

STATUSES: Final = {1: "other", 2: "unknown", 3: "idle", 4: "printing", 5: "warmup"}
"""hrPrinterStatus."""

ERRORS: Final = (
    "lowpaper",
    "nopaper",
    "lowtoner",
    "notoner",
    "dooropen",
    "jammed",
    "offline",
    "servicerequested",
    "inputtraymissing",
    "outputtraymissing",
    "markersupplymissing",
    "outputnearfull",
    "outputfull",
    "inputtrayempty",
    "overduepreventmaint",
)
"""The bits of hrPrinterDetectedErrorState, in the order of their numbers from 0."""

REFILLS: Final = ("lowpaper", "nopaper", "inputtrayempty", "lowtoner", "notoner", "markersupplymissing")
"""The errors that end when somebody brings paper or toner."""

LEVEL_STATES: Final = {-1: "other", -2: "unknown", -3: "someremaining"}
"""The levels that are no amount, of prtMarkerSuppliesLevel and prtInputCurrentLevel."""

RECEPTACLE: Final = "receptaclethatisfilled"

SUPPLY_CLASSES: Final = {1: "other", 3: "supplythatisconsumed", 4: RECEPTACLE}
"""PrtMarkerSuppliesClassTC."""

SUPPLY_TYPES: Final = {
    1: "other",
    2: "unknown",
    3: "toner",
    4: "wastetoner",
    5: "ink",
    6: "inkcartridge",
    7: "inkribbon",
    8: "wasteink",
    9: "opc",
    10: "developer",
    11: "fuseroil",
    12: "solidwax",
    13: "ribbonwax",
    14: "wastewax",
    15: "fuser",
    16: "coronawire",
    17: "fuseroilwick",
    18: "cleanerunit",
    19: "fusercleaningpad",
    20: "transferunit",
    21: "tonercartridge",
    22: "fuseroiler",
    23: "water",
    24: "wastewater",
    25: "gluewateradditive",
    26: "wastepaper",
    27: "bindingsupply",
    28: "bandingsupply",
    29: "stitchingwire",
    30: "shrinkwrap",
    31: "paperwrap",
    32: "staples",
    33: "inserts",
    34: "covers",
}
"""PrtMarkerSuppliesTypeTC."""

UNITS: Final = {
    1: "other",
    2: "unknown",
    3: "tenthousandthsofinches",
    4: "micrometers",
    7: "impressions",
    8: "sheets",
    11: "hours",
    12: "thousandthsofounces",
    13: "tenthsofgrams",
    14: "hundrethsoffluidounces",
    15: "tenthsofmilliliters",
    16: "feet",
    17: "meters",
    18: "items",
    19: "percent",
}
"""PrtMarkerSuppliesSupplyUnitTC, of which PrtCapacityUnitTC, that of trays, is a part."""

TRAY_TYPES: Final = {
    1: "other",
    2: "unknown",
    3: "sheetfeedautoremovabletray",
    4: "sheetfeedautononremovabletray",
    5: "sheetfeedmanual",
    6: "continuousroll",
    7: "continuousfanfold",
}
"""PrtInputTypeTC."""

SEVERITIES: Final = {1: "other", 3: "critical", 4: "warning", 5: "warningbinarychangeevent"}
"""PrtAlertSeverityLevelTC."""

TRAININGS: Final = {
    1: "other",
    2: "unknown",
    3: "untrained",
    4: "trained",
    5: "fieldservice",
    6: "management",
    7: "nointerventionrequired",
}
"""PrtAlertTrainingLevelTC."""

ALERT_GROUPS: Final = {
    1: "other",
    3: "hostresourcesmibstoragetable",
    4: "hostresourcesmibdevicetable",
    5: "generalprinter",
    6: "cover",
    7: "localization",
    8: "input",
    9: "output",
    10: "marker",
    11: "markersupplies",
    12: "markercolorant",
    13: "mediapath",
    14: "channel",
    15: "interpreter",
    16: "consoledisplaybuffer",
    17: "consolelights",
    18: "alert",
    30: "findevice",
    31: "finsupply",
    32: "finsupplymediainput",
    33: "finattribute",
}
"""PrtAlertGroupTC."""
