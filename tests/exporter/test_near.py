from portproof.exporter.near import did_you_mean, near_files, near_names


def test_close_names_come_first_and_case_does_not_count():
    assert near_names("mobilnet", ["automobile", "MobileNet", "zzz"])[0] == "MobileNet"
    assert near_names("qqq", ["MobileNet"]) == []


def test_files_beside_a_missing_one(tmp_path):
    (tmp_path / "net.onnx").touch()
    assert near_files(tmp_path / "nett.onnx") == ["net.onnx"]
    assert near_files(tmp_path / "absent" / "net.onnx") == []


def test_the_question():
    assert did_you_mean(["a", "b"]) == "Did you mean a or b?"
    assert did_you_mean([]) == ""
