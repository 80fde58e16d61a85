"""The parts of the page of `hearfelt fairness` on raters and on confidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hearfelt.evaluation._dots import Dot, plot_dots
from hearfelt.evaluation._figures import both, percent, signed, with_interval
from hearfelt.evaluation._html import paragraph, table

Entry = Mapping[str, Any]


def raters_part(raters: Entry | None) -> str:
    """Model and raters on the same clips."""
    if raters is None:
        return paragraph("No clip has raters' votes.")
    own, opened = raters["own"], raters["open"]
    systems = (("one rater", "rater"), ("the raters' majority", "majority"), ("the model", "model"))
    rows = [
        (
            words,
            [
                Dot(
                    block[key]["uar"]["value"],
                    block[key]["uar"]["low"],
                    block[key]["uar"]["high"],
                    series=number,
                )
                for number, block in enumerate((own, opened))
            ],
        )
        for words, key in systems
    ]
    names = (f"among {', '.join(raters['classes'])}", f"among {len(raters['choices'])} choices")
    words = (
        f"{raters['n']:,} clips of {raters['speakers']} speakers ({', '.join(raters['corpora'])}), heard without the "
        f"face. Among {', '.join(raters['classes'])} the model is {100 * own['model_minus_rater']['value']:+.1f} "
        f"points from one rater and {100 * own['model_minus_majority']['value']:+.1f} from the majority."
    )
    figures = table(
        "UAR and accuracy in percent, with 95 % intervals over speakers",
        ["who", *(f"UAR {name}" for name in names), "accuracy, own classes", "accuracy, all choices"],
        [
            [
                title_,
                with_interval(own[key]["uar"]),
                with_interval(opened[key]["uar"]),
                with_interval(own[key]["accuracy"]),
                with_interval(opened[key]["accuracy"]),
            ]
            for title_, key in systems
        ],
    )
    agreement = raters["agreement"]
    alike = "; ".join(f"{k} {'–' if v is None else f'{v:.2f}'}" for k, v in agreement["correlation"].items())
    return "".join(
        [
            paragraph(words),
            both(lambda dark: plot_dots(rows, series=names, dark=dark), words),
            figures,
            paragraph(
                "Own classes: a rater's votes for others are left out, as the model is not asked for others either. "
                "Among all choices the comparison flatters a model that has learned which emotions this corpus has; "
                "the raters did not know that.",
                "muted",
            ),
            paragraph(
                f"Divergence of the model's probabilities from the votes: {agreement['kl_model']:.2f} nats a clip; "
                f"of the mean vote, which knows nothing of the clip, {agreement['kl_mean_votes']:.2f}. Correlation of "
                f"probability and votes: {alike}."
            ),
            _doubt(raters["doubt"]),
        ]
    )


def _doubt(doubt: Entry) -> str:
    kinds = (
        (
            "by_agreement",
            "agreed_minus_doubted",
            "share of raters who agree",
            "raters agree more",
            "agree less",
        ),
        (
            "by_share_for_truth",
            "heard_minus_missed",
            "share of raters who name the truth",
            "more raters name it",
            "fewer do",
        ),
    )
    pieces = []
    for bands, half, words, more, less in kinds:
        rows = [
            [
                f"{100 * band['from']:.0f} to {100 * band['to']:.0f} %",
                band["n"],
                with_interval(band["accuracy"]),
                percent(band["confidence"]),
            ]
            for band in doubt[bands]
        ]
        pieces.append(
            table(f"The model by the {words}", [words, "clips", "right %", "mean confidence %"], rows)
        )
        if gap := doubt[half]:
            ends = "" if gap["low"] is None else f" [{100 * gap['low']:+.1f}, {100 * gap['high']:+.1f}]"
            verdict = "clear" if gap["clear"] else "not clear"
            pieces.append(
                paragraph(
                    f"The half on which {more}, against that on which {less}: {100 * gap['value']:+.1f} points of "
                    f"accuracy{ends}, {verdict}."
                )
            )
    return "".join(pieces)


def trust_part(results: Entry) -> str:
    """Calibration errors and the surer half."""
    trusted = results["trust"]
    blocks = [("all", trusted["all"]), *trusted["corpora"].items()]
    rows = [
        (
            f"{name}  ({block['speakers']})",
            [Dot(block["surer_half"]["accuracy"], series=0), Dot(block["surer_half"]["half"], series=1)],
        )
        for name, block in blocks
    ]

    def error(block: Entry, key: str) -> list[Any]:
        return [
            f"{block[key][part]:.3f}" if block[key][part] is not None else None
            for part in ("before", "after")
        ]

    whole = trusted["all"]["surer_half"]
    words = (
        f"The half of all clips that it is surest of is right in {percent(whole['half'])} %, all clips in "
        f"{percent(whole['accuracy'])} %: {with_interval(whole['gain'])} points."
    )
    return "".join(
        [
            paragraph(words),
            both(
                lambda dark: plot_dots(
                    rows,
                    series=("all clips", "the half it is surest of"),
                    label="right answers in %",
                    dark=dark,
                ),
                words,
            ),
            table(
                "Right answers in percent, and what the surer half gains in points; in bold: clear",
                ["corpus", "clips", "speakers", "all clips", "surer half", "gain"],
                [
                    [
                        name,
                        block["n"],
                        block["speakers"],
                        percent(block["surer_half"]["accuracy"]),
                        percent(block["surer_half"]["half"]),
                        signed(block["surer_half"]["gain"]),
                    ]
                    for name, block in blocks
                ],
            ),
            table(
                "Expected calibration error (0 is honest) among the corpus' own classes and among all of the model's",
                ["corpus", "own, before", "own, after", "all, before", "all, after"],
                [[name, *error(block, "ece_own"), *error(block, "ece_open")] for name, block in blocks],
            ),
            paragraph(
                "Before and after the temperature that each fold's validation speakers gave; no test clip was used."
                if trusted["calibrated"]
                else "As the probabilities were given; without a run's validation answers no temperature is fitted.",
                "muted",
            ),
        ]
    )
