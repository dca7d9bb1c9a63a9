"""Tests, in folders that mirror src/ganlab; a package, so that golden tests share what they record and compare."""
