# HER2 classes and survival of TCGA-BRCA, derived in R from the published files, as a witness.
# Rscript tests/golden/tcga_brca.R <folder with the two files>   (run in the repository)
library(survival)
folder <- commandArgs(trailingOnly = TRUE)[1]
clin <- read.delim(file.path(folder, "nationwidechildrens.org_clinical_patient_brca.txt"),
                   header = FALSE, skip = 3, quote = "", colClasses = "character")
names(clin) <- strsplit(readLines(file.path(folder, "nationwidechildrens.org_clinical_patient_brca.txt"), 1), "\t")[[1]]
cdr <- as.data.frame(readxl::read_excel(file.path(folder, "TCGA-CDR-SupplementalTableS1.xlsx"),
                                        sheet = "TCGA-CDR", guess_max = 20000))
cdr <- cdr[cdr$type == "BRCA", ]
d <- merge(clin, cdr[, c("bcr_patient_barcode", "OS", "OS.time", "PFI", "PFI.time", "Redaction")],
           by = "bcr_patient_barcode")
d <- d[is.na(d$Redaction) & d$gender == "FEMALE" & !is.na(d$OS.time), ]
score <- d$her2_ihc_score; status <- d$her2_status_by_ihc; fish <- d$her2_fish_status
known <- score %in% c("0", "1+", "2+", "3+")
equivocal <- (known & score == "2+") | (!known & status == "Equivocal")
positive <- (known & score == "3+") | fish == "Positive" |
  (!known & status == "Positive" & fish != "Negative")
low <- !positive & ((known & score == "1+") | (equivocal & fish == "Negative"))
zero <- !positive & known & score == "0"
d$class <- factor(ifelse(positive, "HER2-positive", ifelse(low, "HER2-low", ifelse(zero, "HER2-zero", NA))),
                  levels = c("HER2-zero", "HER2-low", "HER2-positive"))
d <- d[!is.na(d$class), ]
out <- data.frame()
add <- function(endpoint, group, statistic, value)
  out <<- rbind(out, data.frame(endpoint, group, statistic, value = sprintf("%.15g", value)))
for (e in c("OS", "PFI")) {
  time <- as.numeric(d[[paste0(e, ".time")]]) / 30.4375
  event <- as.numeric(d[[e]]) == 1
  lr <- survdiff(Surv(time, event) ~ d$class)
  add(e, "all", "logrank_chi2", lr$chisq)
  add(e, "all", "logrank_p", pchisq(lr$chisq, 2, lower.tail = FALSE))
  rk <- quantile(survfit(Surv(time, !event) ~ 1, conf.type = "log-log"), 0.5)
  add(e, "all", "follow_up", rk$quantile); add(e, "all", "follow_up_low", rk$lower)
  add(e, "all", "follow_up_high", rk$upper)
  s <- summary(survfit(Surv(time, event) ~ d$class, conf.type = "log-log"), times = 60)
  for (i in 1:3) {
    g <- levels(d$class)[i]
    add(e, g, "n", sum(d$class == g)); add(e, g, "events", sum(event[d$class == g]))
    add(e, g, "survival_60", s$surv[i]); add(e, g, "low_60", s$lower[i]); add(e, g, "high_60", s$upper[i])
  }
  cx <- summary(coxph(Surv(time, event) ~ d$class))$coefficients
  add(e, "HER2-low", "hazard_ratio", cx[1, 2]); add(e, "HER2-positive", "hazard_ratio", cx[2, 2])
}
write.csv(out, "tests/golden/tcga_brca.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("survival", packageVersion("survival")),
             paste("readxl", packageVersion("readxl"))), "tests/golden/tcga_brca.sessionInfo.txt")
