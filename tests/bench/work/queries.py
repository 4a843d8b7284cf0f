"""The queries of the scan benchmark, like those of ClickBench: sums, filters of all widths, groups of few and many keys, distinct
counts, top N, a join. {t} is the table; MONTH_OF(c) and DAY_OF(c) are what each system calls them. All have one right answer."""
from bench.data import FLIGHT_ROWS, ORDERS

ORDER_QUERIES = {
    "sums": "SELECT sum(id), sum(customer), sum(amount), sum(quantity) FROM {t}",
    "sum, avg, count": "SELECT sum(amount), avg(quantity), count(*) FROM {t} WHERE quantity < 40",
    "count": "SELECT count(*) FROM {t}",
    "group by status": "SELECT status, count(*), sum(amount) FROM {t} GROUP BY status ORDER BY status",
    "top customers": "SELECT customer, sum(amount) AS total FROM {t} GROUP BY customer ORDER BY total DESC, customer LIMIT 10",
    "by month": "SELECT MONTH_OF(created) AS m, sum(quantity) FROM {t} GROUP BY m ORDER BY m",
    "a status": "SELECT count(*), sum(amount) FROM {t} WHERE status = 'paid'",
    "a customer": "SELECT count(*), sum(amount) FROM {t} WHERE customer = 4711",
    "few large": "SELECT count(*), min(created), max(status) FROM {t} WHERE amount > 9950",
    "distinct customers": "SELECT count(DISTINCT customer) FROM {t}",
    "two groups": "SELECT quantity, status, count(*), max(amount) FROM {t} GROUP BY quantity, status HAVING count(*) > 10 "
                  "ORDER BY quantity, status",
    "largest orders": "SELECT id, customer, amount FROM {t} ORDER BY amount DESC, id LIMIT 20",
}
FLIGHT_QUERIES = {
    "sums": "SELECT sum(delay), sum(distance), max(flight_id) FROM {t}",
    "long delays": "SELECT count(*), avg(distance) FROM {t} WHERE delay > 60",
    "few long delays": "SELECT count(*), avg(distance), min(date) FROM {t} WHERE delay > 400",
    "a month": "SELECT count(*), avg(delay) FROM {t} WHERE date >= '2001-02-01 00:00:00' AND date < '2001-03-01 00:00:00'",
    "an airport": "SELECT count(*), avg(delay), max(distance) FROM {t} WHERE origin = 'SFO'",
    "some airports": "SELECT destination, count(*), sum(distance) FROM {t} WHERE origin IN ('SFO', 'JFK', 'ORD', 'ATL') AND delay > 0 "
                     "GROUP BY destination ORDER BY destination",
    "by origin": "SELECT origin, count(*), avg(delay) FROM {t} GROUP BY origin ORDER BY origin",
    "routes": "SELECT origin, destination, count(*) AS n FROM {t} GROUP BY origin, destination ORDER BY n DESC, origin, destination LIMIT 10",
    "by day": "SELECT DAY_OF(date) AS d, sum(distance), max(delay) FROM {t} GROUP BY d ORDER BY d",
    "latest": "SELECT flight_id, delay, origin FROM {t} ORDER BY date DESC, flight_id LIMIT 20",
    "prefixes": "SELECT count(*), max(delay) FROM {t} WHERE destination LIKE 'S%' AND origin <> 'SFO'",
}
# What is asked: (the dataset, the name of its table, its queries).
SETS = ((ORDERS, "orders", ORDER_QUERIES), (FLIGHT_ROWS, "flights", FLIGHT_QUERIES))
