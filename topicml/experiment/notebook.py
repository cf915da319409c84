"""Results as an HTML table in a notebook."""

from topicml.display import html_table
from topicml.experiment.tables import overall_table, summary_table
from topicml.experiment.values import ResultValues


def results_html(results: ResultValues) -> str:
    """The means of all systems and measures as HTML.

    Parameters
    ----------
    results : ResultValues
        The means are over seeds if there is one corpus and number of topics, else over corpora and numbers of topics.
    """
    sizes = (
        f"Corpora: {len(results.corpora)}. Numbers of topics: {len(results.topics)}. Models: {len(results.systems)}."
    )
    notes = [sizes] + [f"Failed runs: {len(results.failures)} (the errors are in .failures)."] * bool(results.failures)
    if not results.measures:
        return html_table(("model",), [(system,) for system in results.systems], title="Results", notes=notes)
    if len(results.corpora) == len(results.topics) == 1:
        table = summary_table(results, results.corpora[0], results.topics[0])
    else:
        table = overall_table(results)
    rows = [[cell.text for cell in row] for row in table.rows]
    return html_table(table.head, rows, title=table.title, notes=[table.note.removesuffix("; bold: best mean"), *notes])
