# Cox models of imputed data sets, pooled by mice::pool: Rscript make_golden_imputation.R
suppressMessages({library(survival); library(mice)})
sets <- read.csv("imputation_sets.csv", stringsAsFactors = FALSE)
sets$grade <- factor(sets$grade, levels = c("I", "II", "III"))
fits <- lapply(split(sets, sets$set), function(d) coxph(Surv(time, event) ~ age + grade, data = d))
pooled <- pool(as.mira(fits))
found <- summary(pooled, conf.int = TRUE, exponentiate = FALSE)
detail <- pooled$pooled
out <- data.frame(
  term = as.character(found$term), estimate = found$estimate, error = found$std.error, df = found$df,
  p = found$p.value, low = found[["2.5 %"]], high = found[["97.5 %"]], fmi = detail$fmi)
write.csv(format(out, digits = 17), "golden_imputation.csv", row.names = FALSE, quote = FALSE)
writeLines(capture.output(sessionInfo()), "golden_imputation.sessionInfo.txt")
