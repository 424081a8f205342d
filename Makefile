# Front door. Each target is one call; what it does is in workflow/.
# STUDY=id-or-folder[,...]  PAGE=page[,...]  JOBS=n  DATA=folder  TIMEOUT=minutes   narrow or feed the build;
# they reach the script in the environment, so that no shell reads them.
.PHONY: help book test lab serve check bench simulation faults clean
export STUDY PAGE JOBS DATA TIMEOUT
.DEFAULT_GOAL := help

help:  ## list the targets
	@python3 workflow/venv.py help
book:  ## build the book: _build/html/index.html (STUDY= PAGE= JOBS= DATA= TIMEOUT=)
	@python3 workflow/venv.py book
test:  ## run every test, the built site in a browser included
	@python3 workflow/venv.py test
lab:  ## open the notebooks in JupyterLab
	@python3 workflow/venv.py lab
serve:  ## show the built book at http://localhost:8000
	@python3 workflow/venv.py serve
check:  ## ruff, mypy, notebook hygiene, _toc.yml up to date
	@python3 workflow/venv.py check
bench:  ## time the statistics against R, and weigh their memory
	@python3 workflow/venv.py bench
simulation:  ## bias and coverage of the comparisons of sequences, over simulated samples
	@python3 workflow/venv.py simulation
faults:  ## kill builds at random moments and see that the next one mends all
	@python3 workflow/venv.py faults
clean:  ## remove everything that a build made
	@python3 workflow/venv.py clean
