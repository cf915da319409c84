"""How results show themselves in a notebook."""

from typing import TYPE_CHECKING

from topicml.display import html_table

if TYPE_CHECKING:
    from topicml.experiment.results import Results


def results_html(results: "Results") -> str:
    """The table of all systems and measures: over seeds where there is one corpus and K, else over these."""
    from topicml.experiment.tables import overall_table, summary_table  # they import results

    told = f"Corpora: {len(results.corpora)}. Numbers of topics: {len(results.topics)}. Models: {len(results.systems)}."
    notes = [told] + [f"Runs that failed: {len(results.failures)} (failures tells why)."] * bool(results.failures)
    if not results.measures:
        return html_table(("model",), [(system,) for system in results.systems], title="Results", notes=notes)
    if len(results.corpora) == len(results.topics) == 1:
        table = summary_table(results, results.corpora[0], results.topics[0])
    else:
        table = overall_table(results)
    rows = [[cell.text for cell in row] for row in table.rows]
    return html_table(table.head, rows, title=table.title, notes=[table.note.removesuffix("; bold: best mean"), *notes])
