"""What a measurement of the monitor counts."""

from lasercontrol.monitor.measure import measured


def test_a_short_night_of_the_tuning_split_is_counted() -> None:
    told = measured("tuning", 0, 1, failing_share=0.5, lasers=12, hours=2.0)
    assert told["healthy_laser_nights"] + sum(row["lasers"] for row in told["modes"].values()) == 12
    assert told["false"] <= told["healthy_laser_nights"]
    assert told["false_per_100_upper"] > told["false_per_100"]
    for row in told["modes"].values():
        assert row["found"] <= row["lasers"]
        assert row["found_before_5_percent"] <= row["lost_5_percent"]
