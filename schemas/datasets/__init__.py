"""One file per dataset: its columns, their meaning and their nullability live there and nowhere else."""
