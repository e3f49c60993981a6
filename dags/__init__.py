"""When: Airflow DAGs that start our stages by command and import none of our code."""
