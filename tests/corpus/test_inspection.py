"""What `topicml check` finds in a corpus, and that it finds nothing in a good one."""

import random
import warnings

import pytest

from topicml import Corpus
from topicml.corpus import language_mix as mix_module
from topicml.corpus.inspection import inspect
from topicml.corpus.preprocessing import Preprocessor
from topicml.errors import InputError, TopicWarning

SUBJECTS = [
    words.split()
    for words in (
        "match goal team player coach season league stadium referee striker trophy penalty",
        "recipe oven butter flour sugar onion garlic pepper sauce pasta dessert vinegar",
        "rocket orbit planet telescope astronaut satellite galaxy comet gravity asteroid mission probe",
    )
]
GERMAN = [
    "Die Regierung hat gestern beschlossen, dass die Steuern nicht erhöht werden sollen.",
    "Der Verein spielt am Samstag gegen die Mannschaft aus der Hauptstadt und will gewinnen.",
    "Das Wetter wird in den nächsten Tagen wieder besser, sagt der Dienst am Montag.",
]


def texts(n=200, length=15, seed=0):
    chance = random.Random(seed)
    return [" ".join(chance.choice(SUBJECTS[i % 3]) for _ in range(length)) for i in range(n)]


def corpus_of(documents, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)
        return Corpus.from_texts(documents, preprocessor=Preprocessor(**settings))


def findings(documents, **settings):
    return {finding.kind: finding for finding in inspect(corpus_of(documents, **settings))}


def test_a_good_corpus_has_no_important_finding():
    assert not [finding for finding in findings(texts()).values() if finding.important]


def test_german_processed_as_english_is_told_by_the_fit_and_by_the_check():
    with pytest.warns(TopicWarning, match=r"seem to be in German, but are processed as English.*language='de'"):
        corpus = Corpus.from_texts(GERMAN * 20)
    finding = inspect(corpus)[0]
    assert (finding.kind, finding.important) == ("language", True)
    assert "language='de'" in finding.advice
    assert "language" not in findings(GERMAN * 20, language="de")


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        (["足球比赛球员教练冠军联赛裁判进球" + str(i) for i in range(30)], "zh"),
        (["サッカーの試合は明日です" + str(i) for i in range(30)], "ja"),
        (["футбольный матч команды и тренера завтра"] * 30, "ru"),
    ],
)
def test_another_script_is_told_also_if_no_word_is_left(documents, code):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TopicWarning)
        try:
            Corpus.from_texts(documents)
            said = " ".join(str(each.message) for each in caught)
        except InputError as error:
            said = str(error)
    assert f"language={code!r}" in said


def test_several_languages_are_told_with_their_rows():
    pytest.importorskip("py3langid")
    english = [f"The {text} and the other things that people talk about" for text in texts(90)]
    found = findings(english + GERMAN * 10)["languages"]
    assert found.important
    assert "German" in found.message
    assert min(found.rows) >= 90
    assert found.share == pytest.approx(0.25, abs=0.05)
    assert "of the 120 texts checked, those with at least 15 letters" in found.message


def test_a_fifth_of_short_german_answers_is_told():
    pytest.importorskip("py3langid")
    german = ["Die Lieferung kam zu spät", "Der Support hat nicht geholfen", "Das Essen war gut aber zu teuer"]
    english = ["The delivery was late", "Support did not help me", "Great food but it was too expensive"]
    found = findings(english * 40 + german * 10)["languages"]
    assert found.important and "German (20%)" in found.message


def test_without_the_detector_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(mix_module, "find_spec", lambda name: None)
    found = findings(texts())["languages"]
    assert not found.important
    assert "topicml[languages]" in found.advice


def test_duplicates_are_counted_with_their_rows():
    found = findings(texts(100) + [text.upper() + "  " for text in texts(100)[:30]])["duplicates"]
    assert found.important
    assert "30 of 130" in found.message
    assert found.rows[0] == 100


def test_lines_that_many_documents_have_are_boilerplate():
    documents = [f"{text}\nSent from my mobile phone\n" if i % 4 == 0 else text for i, text in enumerate(texts())]
    found = findings(documents)["boilerplate"]
    assert found.important
    assert "50 of 200" in found.message
    assert "Sent from my mobile phone" in found.message


def test_sentences_that_many_documents_have_are_boilerplate():
    sentence = "subscribe newsletter receive offers discount coupon"
    documents = [f"{text} {sentence}." if i % 4 == 0 else text for i, text in enumerate(texts())]
    found = findings(documents)["boilerplate"]
    assert "50 of 200" in found.message
    assert "newsletter receive" in found.message


MAIL = """Dear support team, {body}.

Kind regards
Sent from my phone on 2024-0{month}-1{day} at 1{day}:30
This message is confidential. If you are not the one it is meant for, please delete it."""


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (
            "{body}. I hope that somebody can help me with this.",
            "end with 'I hope that somebody can help me with this.'",
        ),
        ("Thank you for what you do! {body}.", "begin with 'Thank you for what you do!'"),
        ("I would like to ask you {body}", "begin with 'I would like to ask you'"),
        ("{body} and that is all from me", "end with 'and that is all from me'"),
        ("{body}. Ticket 10{month}4{day} was closed on 0{day}/0{month}.", "end with 'Ticket 1"),
        ("{body}。请删除这封邮件并通知发件人谢谢！ 请删除这封邮件并通知发件人谢谢！", "请删除这封邮件"),
    ],
)
def test_texts_that_begin_or_end_with_the_same_words_have_boilerplate(pattern, told):
    documents = [
        pattern.format(body=text, month=i % 9 + 1, day=i % 10) if i % 5 == 0 else text for i, text in enumerate(texts())
    ]
    found = findings(documents)["boilerplate"]
    assert found.important and found.share == pytest.approx(0.2)
    assert "40 of 200 documents checked" in found.message and told in found.message


def test_every_piece_of_an_e_mail_footer_is_told_once():
    documents = [
        MAIL.format(body=text, month=i % 9 + 1, day=i % 10) if i % 4 == 0 else text for i, text in enumerate(texts())
    ]
    said = [each.message for each in inspect(corpus_of(documents)) if each.kind == "boilerplate"]
    assert len(said) == 3 and all("50 of 200" in each for each in said)
    assert any("This message is confidential" in each for each in said) and any(
        "Sent from my phone" in each for each in said
    )


def test_texts_that_only_have_subjects_in_common_have_no_boilerplate():
    questions = [
        f"How do I {text.split()[0]} the {' '.join(text.split()[1:])}? Thanks {i}" for i, text in enumerate(texts())
    ]
    assert "boilerplate" not in findings(questions) | findings(texts(length=40))


def test_documents_without_words_are_told_by_cause():
    lost = {
        "blank": [" \n ", ""],
        "symbols": ["😀👍", "12 34", "!!!"],
        "addresses": ["http://a.org/x", "@ann @bob", "www.site.org/y ann@site.org"],
        "stop words": ["it is what it is"],
        "rare words": ["zymurgy quixotry"],
    }
    rows, documents = {}, texts(80)
    for cause, examples in lost.items():
        rows[cause] = list(range(len(documents), len(documents) + len(examples)))
        documents += examples
    found = findings(documents, min_df=3)
    for cause, expected in rows.items():
        assert found[f"no words: {cause}"].rows == expected, cause
        assert found[f"no words: {cause}"].advice
    assert sum(finding.share for kind, finding in found.items() if kind.startswith("no words")) == pytest.approx(
        10 / 90
    )


def test_words_that_a_step_removes_are_told_with_its_option():
    chance = random.Random(1)
    unique = [
        " ".join(
            [
                text,
                *(
                    f"xq{chance.random():.12f}"[3:].translate(str.maketrans("0123456789", "abcdefghij"))
                    for _ in range(12)
                ),
            ]
        )
        for text in texts()
    ]
    found = findings(unique)["words: min_df"]
    assert found.important
    assert "min_df=2" in found.advice and "lemmatize" not in found.advice  # it is on already
    assert "lemmatize=True joins inflections." in findings(unique, lemmatize=False)["words: min_df"].advice
    assert "words: numbers" in findings([f"{text} 1 2 3 4 5 6 7 8" for text in texts()])


def test_advice_on_rare_words_lowers_the_limit_that_was_used():
    documents = [*texts(80), "zymurgy quixotry"]
    advice = {least: findings(documents, min_df=least)["no words: rare words"].advice for least in (2, 3, 0.05)}
    assert advice == {2: "min_df=1 keeps more words.", **dict.fromkeys((3, 0.05), "min_df=2 (or 1) keeps more words.")}
    cut = findings(documents, min_df=1, max_features=8)["no words: rare words"]
    assert "max_features" in cut.message and "max_features=None" in cut.advice and "min_df" not in str(cut)
    short = findings([*texts(200, length=2)], min_df=1)["short documents"]
    assert "min_df" not in short.advice and "Join texts that belong together, and use" in short.advice


def test_one_lost_document_is_told_in_the_singular():
    one, two = (findings([*texts(80), *[""] * n])["no words: blank"].message for n in (1, 2))
    assert one == "1 of 81 documents (1.2%) is blank, so it has no topic."
    assert two == "2 of 82 documents (2.4%) are blank, so they have no topic."


def test_few_and_short_documents_are_told():
    assert findings(texts(30))["few documents"].important
    assert findings(texts(200, length=2), min_df=1)["short documents"].important
    assert not findings(texts(200, length=6), min_df=1)["short documents"].important


def test_characters_of_a_wrong_encoding_are_told():
    documents = texts()
    documents[:20] = [text + " café naïve".encode().decode("cp1252") for text in documents[:20]]
    found = findings(documents)["encoding"]
    assert found.important
    assert "20 texts" in found.message
    assert "encoding" not in findings([text + " café naïve Ærø São" for text in texts()])


def test_a_corpus_of_tokens_is_looked_at_as_far_as_possible():
    corpus = Corpus.from_tokens([text.split() for text in texts(40) + texts(40)])
    found = {finding.kind: finding for finding in inspect(corpus)}
    assert "40 of 80" in found["duplicates"].message
    assert "languages" not in found
