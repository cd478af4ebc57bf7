"""The misdeeds by name; the test writes this file anew, from `python-misdeeds.ts`."""

MISDEEDS = {}
