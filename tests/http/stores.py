"""The stores a ledger can be kept in. What is true of the books is tested on each."""
import pytest

STORES = ["sqlite"]


def flags_of(store, folder):
    """Flags of `inlay serve` for a fresh ledger there, and what ends it."""
    return [], lambda: None


@pytest.fixture(scope="module", params=STORES)
def store(request):
    return request.param
