"""The truth that verdicts are measured against: labelled runs, and what a verdict on each of them is worth.

Run its modules from the repository's root:

    python -m truth.corpus train && python -m truth.corpus label     small GANs, healthy and failing ones; their labels
    python -m truth.accuracy rows && python -m truth.accuracy report docs/verdict_accuracy.md
    python -m truth.accuracy calibrate                               src/ganlab/diagnosis/calibration.json
    python -m truth.sweeps FOLDER ...                                the same for the runs of a sweep
    python -m truth.train_classifier                                 the digit classifier that ships with ganlab

`labels` holds the rule that labels a run from fresh samples of its generator, `scoring` the rule that says which
verdicts are right for it. Neither shares code with `ganlab.diagnosis` or `ganlab.evaluation`.
"""
