"""Tests of the DAGs: their files in every environment, their runs where Airflow is (make test-airflow)."""
