"""
A local host for Azure Functions apps of the Python v2 model: what Azure's host and worker do, as far as we use it.

    python -m local.functions_host APP_DIR --port 7071

    settings              what the environment and host.json say
    app_loading           function_app.py -> functions, with the worker's validations
    invocation            one call of one function: arguments, context, outcome, log
    http_trigger          routes, keys, cookies, size limit
    service_bus_trigger   receivers that complete, abandon, renew and reconnect
    appetite              how many messages a function of cardinality many takes at once
    timer_trigger         NCRONTAB and TimeSpan schedules, past due, retry
    event_grid_trigger    the webhook with both handshakes
    admin                 host status and manual runs, loopback only
    program               everything together, ready line to graceful stop
    workers               several processes that are one host: forked, watched, stopped
    worker_place          what one of them knows of the others
"""
