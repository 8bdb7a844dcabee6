"""What the contract says of inserts, field by field, beyond the main line."""
import json

import pytest
from conftest import ANSWER, QUESTION


def opened(service, delta, **fields):
    r = service.post("/v1/insert/stream", json={"delta": delta, **fields})
    assert r.status_code == 200, r.text
    return r.json()


@pytest.mark.parametrize("form", ["inline", "cards", "references"])
def test_links_that_were_there_keep_their_ids(service, form):
    first = service.insert(ANSWER, QUESTION, form=form)
    again = service.insert(first["answer"], QUESTION, form=form)
    assert first["decision"] == "linked" and again["edits"] == []
    assert [l["id"] for l in again["links"]] == [l["id"] for l in first["links"]]
    elsewhere = service.insert(first["answer"], QUESTION, form=form, conversation_id="another")
    assert [l["id"] for l in elsewhere["links"]] == [l["id"] for l in first["links"]], "the link's id is its token's"


@pytest.mark.parametrize("number", ["18446744073709551615", "-18446744073709551615", "123456789012345678901234567890"])
def test_numbers_of_others_count_for_nothing(service, number):
    body = '{"answer":%s,"question":%s,"max_links":1,"metadata":{"snowflake":%s},"other":%s}' % (json.dumps(ANSWER), json.dumps(QUESTION), number, number)
    r = service.post("/v1/insert", data=body, headers={"content-type": "application/json"})
    assert r.status_code == 200 and len(r.json()["links"]) == 1, r.text


@pytest.mark.parametrize("fields,pointer", [
    ({"max_links": 2**63}, "/max_links"), ({"max_links": 1.5}, "/max_links"), ({"usage": {"prompt_tokens": 2**64}}, "/usage/prompt_tokens"),
    ({"usage": {"cost": {"amount": -1, "currency": "USD"}}}, "/usage/cost")])
def test_numbers_of_ours_are_whole_and_not_below_zero(service, fields, pointer):
    r = service.post("/v1/insert", json={"answer": ANSWER, "question": QUESTION, **fields})
    assert r.status_code == 400 and r.json()["errors"][0]["pointer"] == pointer
    assert service.insert(ANSWER, QUESTION, max_links=1.0)["decision"] == "linked"


def test_streams_over_the_limit_are_insertions_of_their_own(service):
    """Too long for links: the text passes, and each is counted under its own id."""
    ids = []
    for i in range(2):
        piece = f"{i} " * 60000
        reply = opened(service, piece, question=QUESTION)
        text = reply["delta"]
        for seq in range(2, 5):
            reply = service.post("/v1/insert/stream", json={"stream": reply["stream"], "seq": seq, "delta": piece, "end": seq == 4}).json()
            text += reply["delta"]
        assert text == piece * 4 and reply["reason"] == "unavailable"
        ids.append(reply["insertion"])
    assert len(set(ids)) == 2
    for i in ids:
        assert service.get(f"/v1/insertions/{i}").status_code == 200


def test_cards_beside_plain_text(make_service, tmp_path):
    """In plain text cards stand in `links` alone, for clients that have declared to show their label."""
    import shutil

    from conftest import HEADPHONES, ROOT
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    placement = rules / "placement.yaml"
    placement.write_text(placement.read_text().replace("renders_disclosure: false", "renders_disclosure: true"))
    for declared, flags in ((True, ["--rules", rules]), (False, [])):
        node = make_service(f"node{declared}", *flags).start()
        node.merchant("audio")
        node.catalog("audio", HEADPHONES)
        got = node.insert(ANSWER, QUESTION, form="cards", format="text")
        assert got["answer"] == ANSWER and got["edits"] == []
        assert (got["decision"], got["reason"]) == (("linked", None) if declared else ("none", "no_disclosure"))
        assert [l["product"]["id"] for l in got["links"]] == (["wh5"] if declared else [])
        assert node.insert(ANSWER, QUESTION, form="references", format="text")["reason"] == "no_disclosure"
