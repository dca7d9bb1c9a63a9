"""The truth that verdicts are measured against: labelled runs, and which verdicts are right for each of them.

Run its modules from the repository's root:

    python -m truth.corpus train           train small GANs, healthy and failing, into corpora/own
    python -m truth.corpus label           label each run, in labels.json
    python -m truth.accuracy rows          judge them, and other corpora: first the statistics of their samples,
    python -m truth.accuracy judge         then verdicts next to labels (docs.make.verdict_accuracy writes the page),
    python -m truth.accuracy calibrate     then the confidences that ship with ganlab
    python -m truth.colour data            make folders of colour pictures, then `train`, `sheets` and `index`: runs on
                                           them, labelled by eye
    python -m truth.trainers train         runs of other people's trainers, labelled by eye, after `sources` and `data`
    python -m truth.sweeps FOLDER ...      the same for the runs of sweeps
    python -m truth.foreign FOLDER         how often verdicts on logs of other code are right
    python -m truth.tilings                how many grids of images are cut where they were put together
    python -m truth.features measure       which faults of pictures which features see (docs.make.features)
    python -m truth.train_classifier       train the digit classifier that ships with ganlab

`corpora` reads the labelled runs of all corpora, `cuts` what would be known of them from less, and `baselines` holds
judges to compare with. `labels` holds the rule that labels a run from fresh samples of its generator, `scoring` the
rule that decides which verdicts are right for a label. Neither shares code with `ganlab.diagnosis` or
`ganlab.evaluation`.
"""
