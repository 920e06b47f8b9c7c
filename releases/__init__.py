"""WHAT ships and whether it may: releases, their content and seal, checklist, windows, readiness."""
