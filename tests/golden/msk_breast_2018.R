# HER2 of primary tumour and metastasis, and survival with delayed entry, derived in R from the
# clinical file as exported from cBioPortal, as a witness.
# Rscript tests/golden/msk_breast_2018.R <folder with the file>   (run in the repository)
library(survival)
library(vcd)
folder <- commandArgs(trailingOnly = TRUE)[1]
d <- read.delim(file.path(folder, "breast_msk_2018_clinical_data.tsv"), quote = "", check.names = FALSE,
                colClasses = "character", na.strings = "NA")
num <- function(name) as.numeric(d[[name]])
d$at <- num("NGS Sample Collection Time Period"); d$dx <- num("Time to Diagnosis Invasive Carcinoma")
d$os <- num("Overall Survival (Months)"); d$dead <- d[["Overall Survival Status"]] == "1:DECEASED"

read_score <- function(text, mode) {
  s <- sub(" .*", "", text)
  pick <- c(exclude = NA, lower = 1, upper = 2)[[mode]]
  if (!is.na(pick))
    for (pair in list(c("0-1+", "0+", "1+"), c("1-2+", "1+", "2+"), c("2-3+", "2+", "3+")))
      s[s %in% pair[1]] <- pair[1 + pick]
  s
}
her2 <- function(ihc, fish, mode) {
  s <- read_score(ihc, mode)
  amplified <- grepl("^Positive", fish); not <- grepl("^Negative", fish)
  out <- rep(NA, length(s))
  out[s %in% "0+"] <- "HER2-zero"
  out[s %in% "1+" | (s %in% c("2+", "1-2+") & not)] <- "HER2-low"
  out[s %in% "3+" | amplified] <- "HER2-positive"
  out
}
levels3 <- c("HER2-zero", "HER2-low", "HER2-positive")

d <- d[order(d$at), ]                                         # stable: ties keep the order of the file
first <- d[!duplicated(d[["Patient ID"]]), ]
met <- d[d[["Sample Type"]] == "Metastasis", ]
met1 <- met[!duplicated(met[["Patient ID"]]), ]
chosen <- first[["Patient ID"]] %in% met[["Patient ID"]] & first$Sex != "Male" &
  first[["Prior Breast Primary"]] == "No"
p <- first[chosen, ]
out <- data.frame()
add <- function(part, group, statistic, value)
  out <<- rbind(out, data.frame(part, group, statistic, value = sprintf("%.15g", value)))
add("flow", "all", "rows", nrow(d)); add("flow", "all", "patients", nrow(first))
add("flow", "all", "eligible", nrow(p))

for (mode in c("exclude", "lower", "upper")) {
  a <- her2(p[["HER2 IHC Score Primary"]], p[["HER2 FISH Status (Report and ASCO) of Primary"]], mode)
  mclass <- her2(met[["HER2 IHC Score of Sequenced Sample"]], met[["HER2 FISH Status of Sequenced Sample"]], mode)
  known <- met[!is.na(mclass), ]; kclass <- mclass[!is.na(mclass)]
  b <- kclass[match(p[["Patient ID"]], known[["Patient ID"]])]
  if (mode == "exclude") p$class <- factor(b, levels3)
  add(mode, "all", "analysed", sum(!is.na(b)))
  tab <- table(factor(a, levels3), factor(b, levels3))
  for (i in 1:3) for (j in 1:3) add(mode, levels3[i], levels3[j], tab[i, j])
  n <- sum(tab); same <- sum(diag(tab))
  ci <- binom.test(n - same, n)$conf.int
  add(mode, "all", "pairs", n); add(mode, "all", "discordant", n - same)
  add(mode, "all", "discordance_low", ci[1]); add(mode, "all", "discordance_high", ci[2])
  for (w in c("unweighted", "linear")) {
    k <- if (w == "linear") Kappa(tab, weights = "Equal-Spacing")$Weighted else Kappa(tab)$Unweighted
    add(mode, "all", paste0("kappa_", w), k[[1]])
    add(mode, "all", paste0("kappa_", w, "_low"), k[[1]] - qnorm(0.975) * k[[2]])
    add(mode, "all", paste0("kappa_", w, "_high"), k[[1]] + qnorm(0.975) * k[[2]])
  }
  bow <- mcnemar.test(tab)
  add(mode, "all", "bowker_chi2", bow$statistic); add(mode, "all", "bowker_p", bow$p.value)
  gap <- (rowSums(tab) - colSums(tab))[1:2]                   # Stuart-Maxwell by its formula
  v <- diag(rowSums(tab) + colSums(tab) - 2 * diag(tab)) - (tab + t(tab)) * (1 - diag(3))
  add(mode, "all", "stuart_maxwell_chi2", drop(t(gap) %*% solve(v[1:2, 1:2]) %*% gap))
}

p$entry <- pmax(met1$at[match(p[["Patient ID"]], met1[["Patient ID"]])] - p$dx, 0)
q <- p[!is.na(p$class), ]
observed <- q[q$entry < q$os - 1e-8, ]
add("flow", "all", "never_at_risk", nrow(q) - nrow(observed))
curve <- function(part, group, fit) {
  m <- quantile(fit, 0.5); s <- summary(fit, times = c(60, 120))
  add(part, group, "median", m$quantile); add(part, group, "median_low", m$lower)
  add(part, group, "median_high", m$upper)
  for (i in 1:2) {
    add(part, group, paste0("survival_", c(60, 120)[i]), s$surv[i])
    add(part, group, paste0("low_", c(60, 120)[i]), s$lower[i])
    add(part, group, paste0("high_", c(60, 120)[i]), s$upper[i])
  }
}
for (g in c("All patients", levels3)) {
  rows <- function(x) if (g == "All patients") x else x[x$class == g, ]
  x <- rows(observed); y <- rows(q)
  add("OS", g, "n", nrow(x)); add("OS", g, "events", sum(x$dead))
  curve("OS", g, survfit(Surv(entry, os, dead) ~ 1, x, conf.type = "log-log"))
  add("OS_naive", g, "n", nrow(y)); add("OS_naive", g, "events", sum(y$dead))
  curve("OS_naive", g, survfit(Surv(os, dead) ~ 1, y, conf.type = "log-log"))
}
for (part in c("OS", "OS_naive")) {
  fit <- if (part == "OS") coxph(Surv(entry, os, dead) ~ class, observed) else coxph(Surv(os, dead) ~ class, q)
  est <- summary(fit)$conf.int
  for (i in 1:2) {
    add(part, levels3[i + 1], "hazard_ratio", est[i, 1])
    add(part, levels3[i + 1], "hr_low", est[i, 3]); add(part, levels3[i + 1], "hr_high", est[i, 4])
  }
}
write.csv(out, "tests/golden/msk_breast_2018.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("survival", packageVersion("survival")),
             paste("vcd", packageVersion("vcd"))), "tests/golden/msk_breast_2018.sessionInfo.txt")
