from app.ops.metrics import render, render_lists


def test_counters_and_gauges_have_their_types() -> None:
    assert render({"connections": 2, "queries": 40}).splitlines() == [
        "# TYPE homedot_connections gauge",
        "homedot_connections 2",
        "# TYPE homedot_queries_total counter",
        "homedot_queries_total 40",
    ]


def test_the_end_of_the_certificate_is_a_gauge() -> None:
    assert render({"certificate_not_after_timestamp_seconds": 1780315200}).splitlines() == [
        "# TYPE homedot_certificate_not_after_timestamp_seconds gauge",
        "homedot_certificate_not_after_timestamp_seconds 1780315200",
    ]


def test_each_list_has_its_names_and_its_age() -> None:
    assert render_lists([("Pro", "/a", 12, 60.9), ('A "b" \\', "/b", 3, 0.0)]).splitlines() == [
        "# TYPE homedot_list_names gauge",
        'homedot_list_names{list="Pro",source="/a"} 12',
        'homedot_list_names{list="A \\"b\\" \\\\",source="/b"} 3',
        "# TYPE homedot_list_age_seconds gauge",
        'homedot_list_age_seconds{list="Pro",source="/a"} 60',
        'homedot_list_age_seconds{list="A \\"b\\" \\\\",source="/b"} 0',
    ]
    assert render_lists([]) == ""
