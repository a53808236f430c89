"""Works off jobs and never flushes.

Through a pipe Python holds such lines back until 8 KiB of them are there, so
they appear in time only on a terminal or with PYTHONUNBUFFERED set, and devrun
sees to one of the two.
"""

import itertools
import time

for job in itertools.count(1):
    print(f"job {job} done")
    time.sleep(1)
