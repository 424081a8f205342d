"""Expressions of a study file: what they mean, what they refuse, and that nothing of them runs."""

import itertools
import time

import pandas as pd
import pytest

from her2adc.expressions import (
    ExpressionError,
    check,
    columns_in,
    evaluate,
    holds,
    names_in,
    truth,
    unmatched,
    unsettled,
)

STAGES = pd.Categorical(["I", "II", None, "III", "II"], ["I", "II", "III", "IV"], ordered=True)
DATA = pd.DataFrame(
    {
        "n": [1.0, 2.0, None, 4.0, 5.0],
        "stage": STAGES,
        "arm": pd.Categorical(["A", "B", "A", None, "B"], ["A", "B"]),
        "ecog": pd.Categorical(["0", "1", "2", "0", None], ["0", "1", "2"], ordered=True),
        "seen": pd.to_datetime(["2023-01-05", "2023-02-01", None, "2024-01-01", "2022-12-31"]),
        "text": ["a", "", None, "b", "A"],
        "digits": ["10", "9", None, "2", "30"],
        "mixed": ["1", "two", None, "3", "4"],
        "event": [True, False, True, False, True],
        "Age (years)": [40, 50, 60, 70, 80],
        "年龄": [1, 2, 3, 4, 5],
        "iso": ["2023-01-05", "2023-02-01", None, "2024-01-01", "2022-12-31"],
    }
)


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("n > 1", [1, 3, 4]),
        ("not n > 1", [0]),
        ("n != 1", [1, 3, 4]),
        ("not (n == 1)", [1, 3, 4]),
        ("n in [1, 2]", [0, 1]),
        ("n not in [1, 2]", [3, 4]),
        ("1 < n <= 4", [1, 3]),
        ("n + 1 == 2 or n ** 2 >= 25", [0, 4]),
        ("-n < -4.5", [4]),
        ("n in [-1, 5]", [4]),
        ("n == '4'", [3]),
        ("n > 1 & stage == 'II'", [1, 4]),
        ("(n == 1) | (stage == 'III')", [0, 3]),
        ("~(n > 1)", [0]),
        ("stage == 'IV'", []),
        ("stage < 'III'", [0, 1, 4]),
        ("'II' <= stage", [1, 3, 4]),
        ("stage in ('I', 'III')", [0, 3]),
        ("stage != 'II'", [0, 3]),
        ("stage == ''", [2]),
        ("stage != ''", [0, 1, 3, 4]),
        ("stage in ['', 'I']", [0, 2]),
        ("stage not in ['', 'I']", [1, 3, 4]),
        ("ecog > 0", [1, 2]),
        ("ecog == 1", [1]),
        ("ecog in [0, 2]", [0, 2, 3]),
        ("ecog >= '1'", [1, 2]),
        ("seen >= '2023-02-01'", [1, 3]),
        ("seen == '2024-01-01'", [3]),
        ("'2022-01-01' < seen < '2023-01-31'", [0, 4]),
        ("is_missing(seen)", [2]),
        ("seen.isna()", [2]),
        ("seen.isnull() or text.isnull()", [1, 2]),
        ("text == ''", [1, 2]),
        ("is_missing(text)", [1, 2]),
        ("not_missing(text) and text.notna()", [0, 3, 4]),
        ("text != 'a'", [3, 4]),
        ("text.isin(['a', 'b'])", [0, 3]),
        ("~text.isin(['a'])", [3, 4]),
        ("digits > 9", [0, 4]),
        ("digits > '9'", [0, 4]),
        ("digits == 9", [1]),
        ("iso > '2023-01-31'", [1, 3]),
        ("event", [0, 2, 4]),
        ("not event", [1, 3]),
        ("event == True and event == 1 and event == 'yes'", [0, 2, 4]),
        ("`Age (years)` / 10 >= 7", [3, 4]),
        ("年龄 == 2", [1]),
        ("max(n, 3) == 3", [0, 1]),
        ("round(n / 2) == 3", [4]),
        ("is_missing(n) or n == 1", [0, 2]),
        ("n > 1 or is_missing(stage)", [1, 2, 3, 4]),
        ("1 / (n - 1) > 0", [1, 3, 4]),
        ("True", [0, 1, 2, 3, 4]),
    ],
)
def test_what_a_condition_means(expression, rows):
    assert list(holds(DATA, expression).to_numpy().nonzero()[0]) == rows


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@pd.io.common.os.system('x')", "is not an expression"),
        ("n.to_csv('/tmp/x')", r"'n.to_csv\(...\)' is not understood; understood are names of columns"),
        ("n.__class__", "a point after a name"),
        ("().__class__.__base__", "a point after a name"),
        ("__import__('os')", "only these functions are known: abs"),
        ("eval('1')", "only these functions are known"),
        ("(lambda: 1)()", "not understood"),
        ("[x for x in n]", "'for' is not understood"),
        ("n[0] == 1", "square brackets after a name"),
        ("(y := n) > 1", "':=' is not understood"),
        ("f'{n}' == '1'", "a letter stands in front of a quote"),
        ("b'a' == text", "a letter stands in front of a quote"),
        ("max(*n)", "max takes 2 numbers, not 1"),
        ("max(1, *n)", "a star in front of a name"),
        ("max(n, key=abs)", "not understood"),
        ("n if n else n", "'if ... else'"),
        ("n is None", "is_missing"),
        ("n == None", "is_missing"),
        ("n % 2 == 0", "'%' is not understood"),
        ("n @ n", "'@' is not understood"),
        ("n = 1", "write == to compare"),
        ("n <> 1", "write !="),
        ("text == “a”", "straight quotes"),
        ("n > 1 AND n < 3", "small letters"),
        ("text == 'a", "a quote is not closed"),
        ("text in ['a' 'b']", "a comma or a sign is missing between two texts"),
        ("n == 1 # and more", "a name with # stands in backticks"),
        ("9 ** 9 ** 9 > n", "is no number, or one that is too large"),
        ("'a' * 10 ** 9 == text", "is a text"),
        ("9" * 5000 + " > n", "not an expression|too large"),
        ("1e400 > n", "too large"),
        ("(" * 300 + "n" + ")" * 300, "nested|is not an expression"),
        ("-" * 5000 + "n > 1", "nested"),
        ("not " * 500 + "event", "nested|is not an expression"),
        ("n" + " + n" * 500, "nested too deeply"),
        ("a" * 30_000, "longer than"),
        ("", "is empty"),
        ("   ", "is empty"),
        ("nn > 1", "there is no column 'nn'; did you mean 'n'?"),
        ("text == Surgery", "there is no column 'Surgery'; a text stands in quotes: 'Surgery'"),
        ("n", "is not a condition"),
        ("n and stage == 'I'", "n is not a condition"),
        ("stage == 'ii'", r"'ii' is no level of stage, whose levels are 'I', 'II', 'III', 'IV'"),
        ("stage in ['I', 'V']", "'V' is no level of stage"),
        ("stage > 'V'", "'V' is no level of stage"),
        ("stage > 2", "is taken for a number"),
        ("arm > 'A'", "the levels of arm have no order"),
        ("seen > '05/01/2023'", "is no date; write a date as '2024-05-31'"),
        ("seen > '2023-02-30'", "is no date"),
        ("seen > 2023", "is a date; compare it with a date"),
        ("iso > '2023-02-30'", "is no date"),
        ("text > '2023-01-01'", "holds 'a', 'b', 'A', which is no date"),
        ("text > 'a'", "texts have no order"),
        ("mixed > 1", "mixed is taken for a number here, but holds 'two'"),
        ("mixed == 1", "mixed is taken for a number here, but holds 'two'"),
        ("n == 'one'", "'one' is not a number"),
        ("event == 'maybe'", "event is yes or no"),
        ("event > 0", "yes and no have no order"),
        ("text + 1 > 1", "taken for a number"),
        ("n in n", "'in' wants a list"),
        ("n in [n]", "a list holds numbers and texts"),
        ("log(n, 2) > 1", "log takes 1 number, not 2"),
        ("n > 3j", "neither a number nor a text"),
    ],
)
def test_what_is_refused_and_why(expression, words):
    started = time.perf_counter()
    with pytest.raises(ExpressionError, match=words):
        holds(DATA, expression)
    assert time.perf_counter() - started < 2


def test_nothing_of_an_expression_runs(tmp_path):
    target = tmp_path / "ran"
    for text in (
        f"@pd.io.common.os.system('touch {target}')",
        f"n.to_csv('{target}')",
        f"__import__('os').system('touch {target}')",
        f"n.map(lambda x: open('{target}', 'w'))",
        f"`n`.to_csv('{target}')",
        f"open('{target}', 'w') == n",
        f"n == 1 or n.to_pickle('{target}')",
    ):
        with pytest.raises(ExpressionError):
            evaluate(DATA, text)
    assert not target.exists()


def test_a_number_that_cannot_be_is_missing_and_constants_are_bounded():
    assert evaluate(DATA, "n / 0").isna().all()
    assert evaluate(DATA, "n ** 9 ** 9").isna().sum() == 4  # 1 to any power is 1
    assert evaluate(DATA, "log(n - 1)").isna().tolist() == [True, False, True, False, False]


def test_three_values_and_what_a_missing_cell_hides():
    assert truth(DATA, "n != 1").isna().tolist() == [False, False, True, False, False]
    assert unsettled(DATA, "n != 1").tolist() == [False, False, True, False, False]
    assert unsettled(DATA, "not (stage in ['I'])").tolist() == [False, False, True, False, False]
    assert not unsettled(DATA, "n == 1 or stage == 'I'").any()
    assert not unsettled(DATA, "n != 1 or is_missing(n)").any()
    # Kleene: unknown or true is true; unknown and false is false
    table = {"T": "n == n", "F": "event == True and event == False", "U": "is_missing(n) and n > 0"}
    row = DATA.iloc[[2]]
    value = {k: truth(row, v).iloc[0] for k, v in {**table, "T": "is_missing(n)"}.items()}
    assert value["T"] is True or value["T"] == True  # noqa: E712
    assert value["U"] is pd.NA and value["F"] == False  # noqa: E712


def test_order_of_and_and_or_does_not_matter_with_missing_cells():
    for a, b in itertools.permutations(["n > 1", "stage == 'I'", "text == ''", "event"], 2):
        for sign in ("and", "or"):
            assert truth(DATA, f"{a} {sign} {b}").equals(truth(DATA, f"{b} {sign} {a}"))
            dual = {"and": "or", "or": "and"}[sign]
            assert truth(DATA, f"not (({a}) {sign} ({b}))").equals(
                truth(DATA, f"not ({a}) {dual} not ({b})")
            )


def test_levels_the_study_gives_but_the_frame_lacks():
    frame = DATA.assign(stage=DATA["stage"].cat.remove_unused_categories())
    with pytest.raises(ExpressionError, match="no level"):
        holds(frame, "stage == 'IV'")
    assert not holds(frame, "stage == 'IV'", levels={"stage": ["I", "II", "III", "IV"]}).any()
    assert holds(frame, "stage < 'IV'", levels={"stage": ["I", "II", "III", "IV"]}).sum() == 4


def test_numbers_and_dates_of_text_as_the_file_writes_them():
    frame = pd.DataFrame({"size": ["2,5", "10"], "day": ["31/05/2024", "01/06/2024"]})
    assert holds(frame, "size > 3", decimal=",").tolist() == [False, True]
    assert holds(frame, "day > '2024-05-31'", dates="dayfirst").tolist() == [False, True]
    with pytest.raises(ExpressionError, match="holds '31/05/2024'"):
        holds(frame, "day > '2024-05-31'")


def test_names_texts_and_backslashes():
    frame = pd.DataFrame({"a`b": ["x"], "C:\\new": ["x\\n"], "quoted": ["`n`"], "class": [1]})
    assert holds(frame, "`class` == 1").all()
    assert holds(frame, "`C:\\new` == 'x\\n'").all()
    assert holds(frame, "quoted == '`n`'").all()
    assert names_in("`C:\\new` == 'x' and `class` > 1 and `class` < 3") == ["C:\\new", "class"]
    assert columns_in("weight / (`Height (cm)` / 100) ** 2") == ["weight", "Height (cm)"]
    assert holds(pd.DataFrame({"ａｇｅ": [1]}), "ａｇｅ == 1").all()
    assert holds(DATA, "text == 'a'\n  or text == 'b'").sum() == 2


@pytest.mark.parametrize("text", ["weight == 3", "'a'", "weight and height", "True", "not x", "x in [1]"])
def test_conditions_are_no_arithmetic(text):
    with pytest.raises(ExpressionError, match="is not arithmetic"):
        columns_in(text)


def test_check_says_what_is_wrong_before_there_are_data():
    assert check("n > 1 and text == 'a'", DATA.columns) is None
    assert "did you mean" in str(check("nn > 1", DATA.columns))
    assert "names no column" in str(check("'sex' == 'Male'", DATA.columns))
    assert "is not a condition" in str(check("n + 1", DATA.columns))


def test_texts_that_no_cell_is():
    assert unmatched(DATA, "text == 'B' or text in ['a', 'zz']") == [("text", "B", "b"), ("text", "zz", "")]
    assert unmatched(DATA, "text == '' and stage == 'IV'") == []


def test_an_empty_table():
    empty = DATA.iloc[:0]
    for expression in ("n > 1", "stage == 'II'", "text == 'a'", "seen > '2023-01-01'", "is_missing(n)"):
        assert holds(empty, expression).tolist() == []
