"""Pages of a list that may change between them."""

import base64

import pytest
from hotseat_core.errors import InvalidMessage
from hotseat_core.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, page


def pages(items: list[str], size: int) -> list[list[str]]:
    """All pages of a list."""
    found, token = [], ""
    while True:
        chosen, token = page(items, size, token, key=str)
        found.append(chosen)
        if not token:
            return found


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [(0, 2, [0]), (1, 2, [1]), (2, 2, [2]), (3, 2, [2, 1]), (4, 2, [2, 2]), (5, 1, [1] * 5)],
)
def test_the_pages_together_are_the_list(count: int, size: int, sizes: list[int]) -> None:
    items = [f"item-{number}" for number in range(count)]
    found = pages(items, size)
    assert [len(chosen) for chosen in found] == sizes
    assert [item for chosen in found for item in chosen] == items


@pytest.mark.parametrize(("wanted", "size"), [(0, DEFAULT_PAGE_SIZE), (10_000, MAX_PAGE_SIZE), (7, 7)])
def test_a_page_has_a_default_and_a_bound(wanted: int, size: int) -> None:
    chosen, _ = page([str(number) for number in range(2000)], wanted, "", key=str)
    assert len(chosen) == size


def test_what_comes_before_the_place_does_not_move_it() -> None:
    _, token = page(["b", "c", "d"], 1, "", key=str)
    assert page(["a", "b", "c", "d"], 2, token, key=str)[0] == ["c", "d"]


def test_where_the_last_item_is_gone_its_position_counts() -> None:
    _, token = page(["a", "b", "c"], 2, "", key=str)
    assert page(["a", "c", "d"], 5, token, key=str)[0] == ["d"]


def test_an_item_may_hold_the_separator() -> None:
    assert pages(["a:b", "a", "x:y:z", "q"], 1) == [["a:b"], ["a"], ["x:y:z"], ["q"]]


def test_a_list_that_has_shrunk_has_no_more_pages() -> None:
    _, token = page(["a", "b", "c"], 2, "", key=str)
    assert page([], 2, token, key=str) == ([], "")


@pytest.mark.parametrize("token", ["x", "!!!", "ünsinn", base64.urlsafe_b64encode(b"x:y").decode(), "\0"])
def test_a_token_that_is_none_of_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        page(["a"], 1, token, key=str)
    assert caught.value.metadata == {"field": "page_token"}


def test_a_position_before_the_beginning_is_the_beginning() -> None:
    token = base64.urlsafe_b64encode(b"-5:gone").decode()
    assert page(["a", "b"], 5, token, key=str)[0] == ["a", "b"]


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(InvalidMessage) as caught:
        page(["a"], -1, "", key=str)
    assert caught.value.metadata == {"field": "page_size"}
