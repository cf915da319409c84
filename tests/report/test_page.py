"""The report as HTML: content, escaping, size, and refused arguments."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.report import render, write_report
from topicml.report.charts import line_chart, spread_ticks, without_overlap
from topicml.report.placing import placed_texts

WORDS = ["rocket", "orbit", "moon", "oven", "butter", "flour", "goal", "match", "team", "coach"]


class Page(HTMLParser):
    """Elements by id, all tags in order with their attributes, and texts by the tag around them."""

    VOID = frozenset({"meta", "input", "col", "link", "br", "img", "hr"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.ids, self.open, self.texts, self.unbalanced = [], [], [], {}, []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def text(self, tag):
        return " ".join(self.texts.get(tag, []))


@pytest.fixture(scope="module")
def html(view_of_themes):
    years = [1990 + i // 6 for i in range(60)]
    return render(view_of_themes(fields={"year": years}), title="Themes")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_is_well_formed_and_every_link_has_its_target(page):
    assert not page.unbalanced and not page.open
    assert len(page.ids) == len(set(page.ids))
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    tables = [link for link in links if link.startswith("data:text/csv;")]
    assert links and all(link.startswith("#") and link[1:] in page.ids for link in links if link not in tables)
    named = [attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs]
    assert all(part in page.ids for names in named for part in names.split())


def test_holds_all_sections_and_a_card_for_each_topic(page):
    assert {"summary", "topics", "changes", "maps", "details", "trust", "tables", "training", "made"} <= set(page.ids)
    assert [attrs["id"] for tag, attrs in page.tags if tag == "article"] == ["topic-0", "topic-1", "topic-2"]
    assert {"space", "kitchen", "sport"} <= set(page.texts["bdi"])
    marked = set(page.texts["mark"])
    assert {"coach", "moon", "flour"} <= marked and marked - {"Strong", "middle", "weak"} <= set(WORDS)


def test_numbers_are_those_of_the_view(html):
    # each theme's topic leads all 20 of its documents: Wilson's interval of 20 of 20 is 83.9% to 100%
    assert html.count("leads <b>20</b> documents (33%)") == 3
    assert html.count("100% <small>(84% to 100%)</small>") == 3
    assert html.count("0% <small>(0% to 16%)</small>") == 6


def test_figures_have_text_alternatives(page):
    figures = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("aria-hidden") != "true"]
    assert len(figures) >= 3 + 2 + 3  # maps, training, time of each topic
    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in figures)
    assert "Map of documents" in page.text("title") and "sampled" not in page.text("desc")


def test_makes_no_requests_and_allows_only_its_own_script(html, page):
    for _, attrs in page.tags:
        assert not {"src", "srcset", "action", "style", "xlink:href"} & attrs.keys()
        assert not [name for name in attrs if name.startswith("on")]
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag in ("script", "style"):
        (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "url(" not in inner and "http" not in inner and "@import" not in inner


NASTY = [
    "rocket <script>window.hacked = 1</script> orbit",
    "moon </script></style><img src=x onerror=alert(1)> rocket",
    "orbit <!-- rocket --> ]]> {{ 7 * 7 }} {% raw %}",
    "rocket \u2028 orbit \u2029 \u202e moon \u0000 \u0007 \ufffe \U0001f680",
    "\"rocket\" 'orbit' & moon &lt;b&gt;",
    "",
]


def test_text_is_never_markup(view_of_themes):
    texts = [NASTY[i % len(NASTY)] for i in range(60)]
    fields = {"class": ["<b onclick=x>" if i % 2 else '"><svg onload=x>' for i in range(60)]}
    view = view_of_themes(texts=texts, fields=fields).rename(0, "</title><script>hacked()</script>")
    html = render(view, by="class", title="<script>hacked()</script>", made={"command": "<script>hacked()</script>"})
    page = Page(html)
    assert not page.unbalanced and not page.open
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [tag for tag, _ in page.tags if tag in ("img", "b onclick")]
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "\x00" not in html and "\x07" not in html and "\ufffe" not in html
    assert "{{ 7 * 7 }}" in html


def test_lone_surrogates_are_replaced(view_of_themes, tmp_path):
    path = write_report(view_of_themes(texts=["half \ud83d rocket orbit"] * 60), tmp_path / "report.html")
    assert "half \ufffd" in path.read_text("utf-8")


def test_a_document_of_a_megabyte_is_cut_and_the_page_says_so(view_of_themes):
    texts = ["rocket orbit " + "x" * 1_000_000] + ["moon " * 200_000] * 59
    html = render(view_of_themes(texts=texts))
    assert len(html) < 200_000
    assert "excerpt of 1,000,000 characters" in html


def test_right_to_left_and_chinese_text_find_their_own_direction(view_of_themes):
    page = Page(render(view_of_themes(texts=["שלום rocket עולם", "火箭 oven 轨道", "كرة goal قدم"] * 20)))
    quotes = [attrs for tag, attrs in page.tags if tag == "blockquote"]
    assert len(quotes) == 30 and all(attrs["dir"] == "auto" for attrs in quotes)
    assert {"rocket", "oven", "goal"} <= set(page.texts["mark"])


def test_empty_documents_are_counted_and_lead_nothing(view_of_themes):
    view = view_of_themes()
    counts = view.counts.tolil()
    counts[:6] = 0
    corpus = Corpus.from_counts(csr_matrix(counts), view.vocabulary)
    html = render(view.model, corpus, theta=view.theta)
    assert "6 documents have no word of the model" in html and "10% of all" in html
    assert html.count("leads <b>18</b>") == 3


def test_all_documents_empty_is_a_report_without_documents(view_of_themes):
    view = view_of_themes()
    corpus = Corpus.from_counts(csr_matrix((60, 10), dtype=int), view.vocabulary)
    assert "The map of documents needs documents" in render(view.model, corpus, theta=view.theta)


def test_a_model_alone_says_what_needs_documents(view_of_themes):
    html = render(view_of_themes().model)
    page = Page(html)
    assert "Written without documents" in html and "Scores count words in documents" in html
    assert "leads <b>" not in html and "blockquote" not in [tag for tag, _ in page.tags]
    assert len([tag for tag, _ in page.tags if tag == "article"]) == 3
    assert not page.unbalanced


def test_counts_alone_give_sizes_and_maps_but_no_text(view_of_themes):
    view = view_of_themes()
    html = render(TopicView.of(view.model, view.counts))
    assert "Written from counts" in html and html.count("leads <b>20</b>") == 3 and "<blockquote" not in html
    assert 'id="document-map"' in html


def test_one_topic(view_of_themes):
    page = Page(render(view_of_themes(n_topics=1)))
    assert not page.unbalanced and page.ids.count("topic-0") == 1
    assert "This page sorts 60 documents (a typical one has 12 words of the vocabulary) into 1 topic" in " ".join(
        " ".join(page.texts["p"]).split()
    )


def test_thousands_of_topics_stay_small_and_listed():
    rng = np.random.default_rng(0)
    model = SimpleNamespace(
        components_=rng.dirichlet(np.full(300, 0.05), 3000), vocabulary_=tuple(f"word{i}" for i in range(300))
    )
    model.transform = lambda X: rng.dirichlet(np.full(3000, 0.01), X.shape[0]).astype(np.float32)
    html = render(model, csr_matrix(rng.poisson(0.1, (200, 300))))
    page = Page(html)
    assert len(html.encode()) < 5e6
    assert len([tag for tag, _ in page.tags if tag == "article"]) == 200
    assert len([1 for tag, attrs in page.tags if tag == "tr" and "data-topic" in attrs]) == 3000
    assert "the other 2,800 are in this list alone" in html
    links = {attrs["href"][1:] for tag, attrs in page.tags if tag == "a" and "download" not in attrs}
    assert links <= set(page.ids)


def test_maps_are_sampled_and_say_so(view_of_themes):
    html = render(view_of_themes(), max_documents=20)
    assert "20 of 60 documents are drawn, sampled at random." in html
    clouds = re.findall(r'class="cloud [^"]*" data-topic="\d+" d="([^"]*)"', html)
    assert sum(path.count("h0") for path in clouds) == 20


def test_names_on_a_map_are_near_their_anchors_and_do_not_overlap():
    rng = np.random.default_rng(0)
    anchors, reach = rng.uniform([200, 100], [520, 380], (40, 2)), rng.uniform(5, 60, 40)
    names = [f"topic number {k}" for k in range(40)]
    placed = placed_texts(range(40), names, anchors, reach, 13, 720, 480)
    assert placed[0].text == names[0] and (placed[0].x, placed[0].y) == tuple(np.round(anchors[0], 1))
    assert sum(each.text == names[each.topic] for each in placed) > 15
    assert {each.text for each in placed} <= {*names, *map(str, range(40))}
    boxes = [np.array([7.3 * len(each.text), 16]) for each in placed]
    centres = np.array([(each.x, each.y) for each in placed])
    for i, each in enumerate(placed):
        assert np.linalg.norm(centres[i] - anchors[each.topic]) <= reach[each.topic] + 0.1
        assert (centres[i] >= boxes[i] / 2 - 3).all() and (centres[i] <= [720, 480] - boxes[i] / 2 + 3).all()
        apart = np.abs(centres[:i] - centres[i]) >= (np.array(boxes[:i]).reshape(-1, 2) + boxes[i]) / 2 - 0.1
        assert apart.any(axis=1).all()


def test_ticks_never_cover_each_other():
    names = [f"2008-{month:02}-01T18:00:00" for month in range(1, 13)]
    chart = line_chart("t", "", [("a", range(12))], x_ticks=spread_ticks(names), x_name="date", y_name="share")
    ends = [chart.x_ticks[0][0] + 6 * len(names[0]), *(x - 3 * len(text) for x, text in chart.x_ticks[1:-1])]
    assert [text for _, text in chart.x_ticks] == [names[0], names[-1]] and ends[0] < chart.x_ticks[-1][0] - 6 * 19
    assert without_overlap([(50, "a" * 30), (300, "b" * 30)]) == [(300, "b" * 30)]
    short = [(50, "2001"), (120, "2002"), (140, "2003"), (300, "2009")]
    assert without_overlap(short) == [short[0], short[1], short[3]]


def test_long_names_of_ticks_leave_room_for_the_name_of_the_axis():
    def left(values):
        return line_chart("t", "", [("a", values)], x_ticks=[], x_name="epoch", y_name="nats").left

    assert left([0.1, 0.9]) == 52 < left([5_000, 15_000]) < left([1e6, 2e6])


def test_cautions_name_dead_and_duplicate_topics(view_of_themes):
    html = render(view_of_themes(n_topics=6))
    assert "3 topics lead no document" in html
    assert "pairs of topics are nearly the same" in html
    assert "0 and 3" in html


def test_the_same_input_gives_the_same_page(view_of_themes):
    assert render(view_of_themes()) == render(view_of_themes())


def test_a_field_without_times_is_left_out_unless_named(view_of_themes):
    view = view_of_themes(fields={"date": ["soon"] * 60})
    assert "Over time" not in render(view)
    with pytest.raises(InputError, match="'date' cannot be read as times"):
        render(view, over="date")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "nothing"}, "no field 'nothing' in this corpus; its fields: 'text', 'label', 'many'"),
        ({"over": "nothing"}, "no field 'nothing'"),
        ({"by": "many"}, "80 different values; a report shows 60 classes at most"),
        ({"map_method": "mds"}, "map_method must be one of 'tsne', 'umap', 'pca'"),
        ({"unit": "decade"}, "unit must be one of 'year', 'quarter', 'month'"),
        ({"unit": "month"}, "the documents have no field of times: pass over="),
        ({"max_documents": 0}, "max_documents at least 1"),
    ],
)
def test_refuses_with_a_reason(view_of_themes, options, message):
    view = view_of_themes(80, fields={"many": [f"c{i}" for i in range(80)]})
    with pytest.raises(InputError, match=re.escape(message)):
        render(view, **options)


def test_contradictory_arguments_are_refused(view_of_themes, tmp_path):
    view = view_of_themes()
    with pytest.raises(InputError, match="has its documents already"):
        render(view, view.corpus)
    with pytest.raises(InputError, match="not fitted"):
        render(SimpleNamespace())
    with pytest.raises(InputError, match="is a folder"):
        write_report(view, tmp_path)
    with pytest.raises(InputError, match="'label' needs documents"):
        render(view.model, by="label")
    path = write_report(view, tmp_path / "report.html")
    with pytest.raises(InputError, match="exists already"):
        write_report(view, path, overwrite=False)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
