"""What CloudWatch says of alarms, dashboards and series, and its datapoints."""
