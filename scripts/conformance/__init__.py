"""Which test cases of the Open Charge Alliance are proved, and by which tests.

python -m scripts.conformance writes docs/conformance-*.md from the catalogues beside this
file, one for each version of OCPP, and from the markers of the tests. `ocpp_*.toml` lists
the test cases, `use_cases_*.toml` the use cases of a version.
"""
