import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/** Spark with Doris's connector, in one process: SparkJobs HTTP MYSQL_PORT PASSWORD DATABASE writes into tables named after its jobs. */
public final class SparkJobs {
  private static final int ROWS = 40000;

  public static void main(String[] arguments) {
    SparkSession spark = SparkSession.builder().master("local[2]").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate();
    Dataset<Row> rows = spark.range(ROWS).selectExpr("id", "concat('näme\"', id) AS name",
        "timestamp '2026-01-01 00:00:00' + make_interval(0, 0, 0, 0, 0, 0, id % 1000) AS moment", "CAST(id / 4 AS DECIMAL(12, 2)) AS amount");
    String[] json = {"doris.sink.properties.format", "json", "doris.sink.properties.read_json_by_line", "true"};
    write(arguments, "csv", rows, SaveMode.Append, "doris.sink.properties.format", "csv");
    write(arguments, "packed", rows, SaveMode.Append, "doris.sink.properties.format", "csv", "doris.sink.properties.compress_type", "gzip");
    write(arguments, "json", rows, SaveMode.Append, json);
    write(arguments, "one_phase", rows, SaveMode.Append, "doris.sink.enable-2pc", "false");
    write(arguments, "overwritten", rows, SaveMode.Append, json);
    write(arguments, "overwritten", rows.where("id % 2 = 0"), SaveMode.Overwrite, json);
    spark.stop();
  }

  private static void write(String[] arguments, String table, Dataset<Row> rows, SaveMode mode, String... options) {
    DataFrameWriter<Row> writer = rows.write().format("doris").mode(mode).option("doris.fenodes", arguments[0])
        .option("doris.query.port", arguments[1]).option("user", "root").option("password", arguments[2])
        .option("doris.table.identifier", arguments[3] + "." + table).option("doris.sink.batch.size", "7000")
        .option("doris.sink.enable-2pc", "true");
    for (int i = 0; i < options.length; i += 2) writer = writer.option(options[i], options[i + 1]);
    writer.save();
    System.out.println(table + " has ended");
  }
}
