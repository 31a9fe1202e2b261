import pickle

from apscheduler.job import Job
from apscheduler.jobstores.memory import MemoryJobStore


class PickledJobs(MemoryJobStore):
    """Takes only jobs that can be written, as a store in Redis or in a database does."""

    def add_job(self, job: Job) -> None:
        pickle.dumps(job.__getstate__())
        super().add_job(job)

    def update_job(self, job: Job) -> None:
        pickle.dumps(job.__getstate__())
        super().update_job(job)
