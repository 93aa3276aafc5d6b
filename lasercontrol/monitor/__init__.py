"""The watch over an aging test: scores every laser from logged telemetry alone, tells wear from rig, raises alarms."""
