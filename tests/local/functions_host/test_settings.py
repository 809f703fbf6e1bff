from datetime import timedelta
from pathlib import Path

import pytest

from local.functions_host.settings import ServiceBusOptions, read_settings
from shared.errors import ConfigurationError

HOST_FILE = """{
  "version": "2.0",
  "logging": {"logLevel": {"default": "Warning"}},
  "extensions": {
    "http": {"routePrefix": ""},
    "serviceBus": {
      "maxConcurrentCalls": 4, "prefetchCount": 8, "autoCompleteMessages": false,
      "maxMessageBatchSize": 9, "maxAutoLockRenewalDuration": "00:01:30"
    }
  }
}"""


def app_with(directory: Path, host_file: str) -> Path:
    (directory / "host.json").write_text(host_file)
    return directory


def test_host_json_is_read(tmp_path: Path) -> None:
    settings = read_settings(app_with(tmp_path, HOST_FILE), {})

    assert settings.route_prefix == ""
    assert settings.log_level == "Warning"
    assert settings.service_bus == ServiceBusOptions(4, 8, False, 9, timedelta(seconds=90))


def test_the_defaults_are_azures(tmp_path: Path) -> None:
    settings = read_settings(app_with(tmp_path, '{"version": "2.0"}'), {})

    assert settings.route_prefix == "api"
    assert settings.service_bus == ServiceBusOptions(16, 0, True, 1000, timedelta(minutes=5))
    assert (settings.body_limit, settings.threads, settings.function_key) == (104_857_600, None, None)


def test_a_setting_overrides_host_json(tmp_path: Path) -> None:
    environment = {
        "AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": "2",
        "AzureFunctionsJobHost__logging__logLevel__default": "Debug",
    }

    settings = read_settings(app_with(tmp_path, HOST_FILE), environment)

    assert (settings.service_bus.max_concurrent_calls, settings.log_level) == (2, "Debug")


def test_placeholders_are_resolved_or_refused(tmp_path: Path) -> None:
    settings = read_settings(app_with(tmp_path, HOST_FILE), {"STAGE": "test"})

    assert settings.resolve("a-%STAGE%-b") == "a-test-b"
    with pytest.raises(ConfigurationError, match="%MISSING%"):
        settings.resolve("%MISSING%")


@pytest.mark.parametrize(
    "host_file",
    [
        "",
        "[]",
        "{}",
        '{"version": "1.0"}',
        '{"version": "2.0", "extensions": []}',
        '{"version": "2.0", "extensions": {"serviceBus": {"maxConcurrentCalls": "many"}}}',
        '{"version": "2.0", "extensions": {"serviceBus": {"maxAutoLockRenewalDuration": "long"}}}',
    ],
)
def test_a_host_json_that_says_nothing_sensible_is_refused(tmp_path: Path, host_file: str) -> None:
    with pytest.raises(ConfigurationError):
        read_settings(app_with(tmp_path, host_file), {})


@pytest.mark.parametrize(("text", "expected"), [("12", 12), ("0", None), ("5000", None)])
def test_a_thread_count_out_of_bounds_falls_back_as_in_the_worker(
    tmp_path: Path, text: str, expected: int | None
) -> None:
    settings = read_settings(app_with(tmp_path, HOST_FILE), {"PYTHON_THREADPOOL_THREAD_COUNT": text})

    assert settings.threads == expected


def test_a_host_has_one_worker_unless_told(tmp_path: Path) -> None:
    app = app_with(tmp_path, HOST_FILE)

    assert read_settings(app, {}).workers == 1
    assert read_settings(app, {"FUNCTIONS_WORKER_PROCESS_COUNT": "3"}).workers == 3


@pytest.mark.parametrize("text", ["0", "11", "two"])
def test_a_worker_count_out_of_bounds_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="FUNCTIONS_WORKER_PROCESS_COUNT"):
        read_settings(app_with(tmp_path, HOST_FILE), {"FUNCTIONS_WORKER_PROCESS_COUNT": text})
