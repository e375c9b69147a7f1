"""What an export writes beside the models: `report.json`, `manifest.json` and golden vectors; docs/report.md.

Nothing in them may differ between two exports of the same model: no time, no duration, no path of this machine.
"""
