"""The truth that verdicts are measured against: labelled runs, and what a verdict on each of them is worth.

Run its modules from the repository's root:

    python -m truth.corpus train           train small GANs, healthy and failing ones, into corpus/
    python -m truth.corpus label           say what is true of each, in labels.json
    python -m truth.accuracy rows          judge them by `ganlab.diagnosis`: first what it sees of their samples,
    python -m truth.accuracy judge         then verdicts beside labels (docs.make.verdict_accuracy writes the page),
    python -m truth.accuracy calibrate     then the confidences that ship with ganlab
    python -m truth.sweeps FOLDER ...      the same for the runs of sweeps
    python -m truth.train_classifier       train the digit classifier that ships with ganlab

`labels` holds the rule that labels a run from fresh samples of its generator, `scoring` the rule that says which
verdicts are right for it. Neither shares code with `ganlab.diagnosis` or `ganlab.evaluation`.
"""
