"""The role of a service's processes reads and writes rows; only the owner has more rights."""

import asyncpg
import pytest

from infra.tools.local import postgresql
from infra.tools.local.layout import SERVICES
from infra.tools.local.stack import Stack

pytestmark = pytest.mark.integration

REFUSED = [
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SEQUENCE mine",
    "ALTER TABLE outbox ADD COLUMN mine int",
    "ALTER TABLE outbox DISABLE TRIGGER ALL",
    "DROP TABLE outbox",
    "TRUNCATE outbox",
    "CREATE SCHEMA mine",
    "SET ROLE comptoir",
]


async def connect(stack: Stack, role: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1",
        port=stack.layout.ports["postgresql"],
        user=role,
        password=stack.layout.secrets[role],
        database=database,
        timeout=10,
    )


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("statement", REFUSED)
async def test_a_process_can_neither_change_nor_truncate_a_table(
    embedded_stack: Stack, service: str, statement: str
) -> None:
    connection = await connect(embedded_stack, service, service)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_process_reads_and_writes_rows_of_every_table(
    embedded_stack: Stack, service: str
) -> None:
    connection = await connect(embedded_stack, service, service)
    try:
        rows = await connection.fetch("""
            SELECT relname FROM pg_class
            WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
              AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
                AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
        """)
    finally:
        await connection.close()

    assert rows == []


@pytest.mark.parametrize(
    ("role", "database"),
    [
        ("sales", "stock"),
        ("sales_owner", "report"),
        ("stock", "sales"),
        ("report", "sales"),
        ("report", "postgres"),
        ("report", "template1"),
    ],
)
async def test_no_role_enters_the_database_of_another(
    embedded_stack: Stack, role: str, database: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect(embedded_stack, role, database)


async def test_opening_a_store_makes_its_numbers_without_a_right_to_create(
    embedded_stack: Stack,
) -> None:
    connection = await connect(embedded_stack, "sales", "sales")
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SELECT create_sale_number_sequence(987654)")

        for sequence in ("sale_number_987654", "return_number_987654"):
            assert await connection.fetchval("SELECT nextval($1::regclass)", sequence) == 1
    finally:
        await transaction.rollback()
        await connection.close()


async def test_a_database_from_before_there_were_owners_is_brought_up_to_date(
    embedded_stack: Stack,
) -> None:
    layout = embedded_stack.layout
    administrator = await asyncpg.connect(
        layout.admin_url.replace("+asyncpg", ""), database="report", timeout=10
    )
    try:
        await administrator.execute("ALTER TABLE idempotency_keys OWNER TO report")

        await postgresql.create_databases(layout)

        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'idempotency_keys'"
        assert await administrator.fetchval(owner) == "report_owner"
        may = "SELECT has_table_privilege('report', 'idempotency_keys', 'INSERT')"
        assert await administrator.fetchval(may)
    finally:
        await administrator.close()
