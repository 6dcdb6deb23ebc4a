"""What was answered lately."""

import tracemalloc

import orjson

from custom_components.ocpp.csms.answers import Answers


def test_what_is_remembered_takes_no_more_memory_than_it_says() -> None:
    """Each charger has some answers, and there may be many chargers."""
    answers = Answers()
    tracemalloc.start()
    try:
        for number in range(100):
            message = str(number)
            answers.begin(message, number)
            answers.end(message, number, orjson.dumps([3, message, {}]))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = answers.find("99", 99)
    assert found is not None
    assert found.answer == b'[3,"99",{}]'
    assert answers.find("0", 0) is None
    assert taken < 8 * 1024
