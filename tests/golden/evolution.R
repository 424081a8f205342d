# Golden values for tests/stats/test_evolution.py: two HER2 classes of the same patients.
# Run in this folder: Rscript evolution.R
# Writes evolution.csv (one value a row, 15 significant digits, empty = NA) and evolution.sessionInfo.txt.
options(digits = 15, stringsAsFactors = FALSE)
out <- new.env(); out$rows <- list()
add <- function(case, statistic, value, level = "") {
  value <- as.numeric(value)
  text <- ifelse(is.na(value), "", sprintf("%.15g", value))
  out$rows[[length(out$rows) + 1]] <- data.frame(case = case, level = as.character(level), statistic = statistic, value = text)
}
proportion <- function(case, statistic, x, n, level = "") {
  b <- binom.test(x, n)
  add(case, statistic, b$estimate, level); add(case, paste0(statistic, "_low"), b$conf.int[1], level); add(case, paste0(statistic, "_high"), b$conf.int[2], level)
}

# zero, low, positive: tables with margins 51, 125, 71 before and 53, 127, 67 after, 153 on the diagonal
three <- function(p) rbind(c(70 - p, 25, p - 44), c(2 * p - 69, 83, 111 - 2 * p), c(52 - p, 19, p))
tables <- list(three44 = three(44), three48 = three(48), three52 = three(52),
               four = rbind(c(12, 7, 3, 1), c(5, 9, 8, 2), c(2, 6, 40, 9), c(0, 1, 7, 30)))  # zero, ultralow, low, positive
eligible <- list(three44 = 2:3, three48 = 2:3, three52 = 2:3, four = 3:4)

for (case in names(tables)) {
  a <- tables[[case]]; n <- sum(a); k <- nrow(a); d <- n - sum(diag(a))
  proportion(case, "discordant", d, n); proportion(case, "to_higher", sum(a[upper.tri(a)]), n); proportion(case, "to_lower", sum(a[lower.tri(a)]), n)
  for (i in 1:k) for (j in 1:k) proportion(case, "row_fraction", a[i, j], sum(a[i, ]), paste0(i, "-", j))
  for (w in c("unweighted", "linear")) {
    o <- vcd::Kappa(a, weights = "Equal-Spacing"); o <- if (w == "linear") o$Weighted else o$Unweighted
    add(case, "kappa", o["value"], w)
    add(case, "kappa_low", o["value"] - qnorm(.975) * o["ASE"], w); add(case, "kappa_high", o["value"] + qnorm(.975) * o["ASE"], w)
  }
  add(case, "bowker_p", mcnemar.test(a)$p.value)
  m <- (rowSums(a) - colSums(a))[-k]; V <- -(a + t(a)); diag(V) <- rowSums(a) + colSums(a) - 2 * diag(a); V <- V[-k, -k]
  add(case, "stuart_maxwell_p", pchisq(drop(m %*% solve(V) %*% m), k - 1, lower.tail = FALSE))

  e <- eligible[[case]]; r <- setdiff(1:k, e)
  gained <- sum(a[r, e]); lost <- sum(a[e, r])
  proportion(case, "eligible_before", sum(a[e, ]), n); proportion(case, "eligible_after", sum(a[, e]), n)
  proportion(case, "kept", sum(a[e, e]), n); proportion(case, "gained", gained, n)
  proportion(case, "lost", lost, n); proportion(case, "never", sum(a[r, r]), n)
  proportion(case, "gain", gained, sum(a[r, ])); proportion(case, "loss", lost, sum(a[e, ]))
  b <- binom.test(gained, sum(a[r, ]))
  add(case, "biopsies", 1 / b$estimate); add(case, "biopsies_low", 1 / b$conf.int[2]); add(case, "biopsies_high", 1 / b$conf.int[1])
  add(case, "eligibility_p", binom.test(gained, gained + lost)$p.value)

  share <- (rowSums(a) + colSums(a)) / (2 * n); chance <- sum(share^2); ci <- binom.test(d, n)$conf.int
  for (kappa in c(0.6, 0.7, 0.8, 0.9)) {
    expected <- 1 - (chance + kappa * (1 - chance))
    add(case, "expected", expected, kappa); add(case, "excess", d / n - expected, kappa)
    add(case, "excess_low", ci[1] - expected, kappa); add(case, "excess_high", ci[2] - expected, kappa)
    add(case, "retest_p", binom.test(d, n, expected)$p.value, kappa)
  }
  pi <- (sum(diag(a)) / n - chance) / (1 - chance)  # Scott
  add(case, "explaining_kappa", pi); add(case, "explaining_kappa_low", 1 - ci[2] / (1 - chance)); add(case, "explaining_kappa_high", 1 - ci[1] / (1 - chance))
}

# discordant and concordant pairs by stratum: large enough for chi-square, and not
strata <- list(large = rbind(c(54, 81), c(40, 72)), three = rbind(c(24, 65), c(28, 64), c(42, 24)), small = rbind(c(1, 7), c(5, 3)))
for (case in names(strata)) {
  s <- strata[[case]]
  add("strata", "p", if (case == "small") fisher.test(s)$p.value else chisq.test(s, correct = FALSE)$p.value, case)
  for (i in seq_len(nrow(s))) proportion("strata", "discordant", s[i, 1], sum(s[i, ]), paste0(case, "-", i))
}
write.csv(do.call(rbind, out$rows), "evolution.csv", row.names = FALSE, quote = FALSE)
writeLines(capture.output(sessionInfo()), "evolution.sessionInfo.txt")
